import { readFile, readdir } from 'node:fs/promises'
import { arch, availableParallelism, release, uptime } from 'node:os'
import { baseboard, bios, cpu, graphics, memLayout, system } from 'systeminformation'
import type { HostPaths } from '../procfs/host-paths.ts'
import { fact, maxFacts, updateKind, type Fact, type Inventory } from './facts.ts'
import { readPackageState } from './package-managers.ts'

const maxNics = 64
const maxDisks = 64
/** The kernel counts in sectors of 512 bytes, whatever the device uses. */
const sectorBytes = 512
const maxSecurityUpdates = 64

/**
 * Everything that is told of a host once an hour. What one question cannot answer is left out; the others still count. Updates are left out
 * while nothing has changed since `knownStamp`.
 */
export async function takeInventory(host: HostPaths, nowMs: number, knownStamp: string): Promise<Inventory> {
  const [processor, modules, machine] = [await known(cpu()), await known(memLayout()), await readMachine()]
  const packages = await readPackageState(host.root, nowMs, knownStamp)
  const { pending, stamp, listsAgeSeconds, rebootRequired } = packages
  const facts = [
    ...(await readOperatingSystem(host)),
    ...machine,
    ...fact('cpu', 'model', `${processor?.manufacturer ?? ''} ${processor?.brand ?? ''}`),
    ...(modules ?? []).flatMap(({ bank, type, manufacturer, size }, index) =>
      fact('memory', bank === '' ? `module ${index}` : bank, `${manufacturer ?? ''} ${type}`, size),
    ),
    ...(await readDisks(host.sys)),
    ...((await known(graphics()))?.controllers ?? []).flatMap(({ vendor, model, bus }, index) =>
      fact('gpu', bus === '' ? String(index) : bus, `${vendor} ${model}`),
    ),
    ...(await readNics(host.sys)),
    ...(pending?.security ?? []).slice(0, maxSecurityUpdates).flatMap(({ name, version }) => fact(updateKind, name, version)),
  ]
  return {
    facts: facts.slice(0, maxFacts),
    numbers: {
      memory_bytes: await readMemoryBytes(host.proc),
      cpu_cores: availableParallelism(),
      ...(processor === undefined || processor.processors < 1 ? {} : { cpu_sockets: processor.processors }),
      boot_age_seconds: Math.round(uptime()),
      ...(pending === undefined ? {} : { updates: pending.updates, security_updates: pending.securityUpdates }),
      ...(listsAgeSeconds === undefined ? {} : { updates_age_seconds: Math.round(listsAgeSeconds) }),
      ...(rebootRequired === undefined ? {} : { reboot_required: Number(rebootRequired) }),
    },
    packageStamp: stamp,
  }
}

/** Of the host also from inside a container, whose own release is another. */
async function readOperatingSystem(host: HostPaths): Promise<Fact[]> {
  const root = host.root === '/' ? '' : host.root
  const text = await readFile(`${root}/etc/os-release`, 'utf8').catch(() => '')
  const values = new Map([...text.matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/gm)].map(([, key = '', value = '']) => [key, value]))
  const hostname = await readFile(`${root}/etc/hostname`, 'utf8').catch(() => '')
  return [
    ...fact('os', 'name', values.get('PRETTY_NAME') ?? values.get('NAME')),
    ...fact('os', 'id', values.get('ID')),
    ...fact('os', 'version', values.get('VERSION_ID')),
    ...fact('os', 'kernel', release()),
    ...fact('os', 'architecture', arch()),
    ...fact('os', 'hostname', hostname),
  ]
}

/** Serial numbers are left out: they identify, and nothing here needs them. */
async function readMachine(): Promise<Fact[]> {
  const [machine, board, firmware] = [await known(system()), await known(baseboard()), await known(bios())]
  return [
    ...fact('hardware', 'manufacturer', machine?.manufacturer),
    ...fact('hardware', 'model', machine?.model),
    ...(machine?.virtual === true ? fact('hardware', 'virtual', machine.virtualHost ?? 'yes') : []),
    ...fact('hardware', 'board', `${board?.manufacturer ?? ''} ${board?.model ?? ''}`),
    ...fact('hardware', 'firmware', `${firmware?.vendor ?? ''} ${firmware?.version ?? ''}`),
  ]
}

/** Interfaces with a device behind them; bridges and pairs of containers come and go. */
async function readNics(sys: string): Promise<Fact[]> {
  const names = (await readdir(`${sys}/class/net`).catch(() => [])).filter(
    (name) => !/^(?:lo$|veth|cali|docker|br-|cni|flannel|ifb|dummy|tun|tap)/.test(name),
  )
  const addresses = names.slice(0, maxNics).map(async (name) => {
    const address = await readFile(`${sys}/class/net/${name}/address`, 'utf8').catch(() => '')
    return fact('nic', name, address.trim() === '' ? 'no address' : address)
  })
  return (await Promise.all(addresses)).flat()
}

/** By sysfs: systeminformation starts three programs for it, and sees no disks of some virtual machines. */
async function readDisks(sys: string): Promise<Fact[]> {
  const names = (await readdir(`${sys}/block`).catch(() => [])).filter((name) => !/^(?:loop|ram|zram|fd|sr|dm-|md)/.test(name))
  const disks = names.slice(0, maxDisks).map(async (name) => {
    const read = async (file: string): Promise<string> => (await readFile(`${sys}/block/${name}/${file}`, 'utf8').catch(() => '')).trim()
    const model = `${await read('device/vendor')} ${await read('device/model')}`.replace(/^0x[0-9a-f]+/, '').trim()
    return fact('disk', name, model === '' ? 'disk' : model, Number(await read('size')) * sectorBytes)
  })
  return (await Promise.all(disks)).flat()
}

async function readMemoryBytes(proc: string): Promise<number | null> {
  const text = await readFile(`${proc}/meminfo`, 'latin1').catch(() => '')
  const kibibytes = /^MemTotal:\s+(\d{1,15}) kB/m.exec(text)?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}

/** Undefined when the question fails. */
async function known<T>(answer: Promise<T>): Promise<T | undefined> {
  return await answer.catch(() => undefined)
}
