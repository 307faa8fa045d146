import { spawn } from 'node:child_process'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '@nightshift/test-servers/nats'
import { collectorConfigSchema } from '../src/config.ts'
import { hostPaths } from '../src/procfs/host-paths.ts'
import { sourcesFor } from '../src/sources/registry.ts'
import type { CollectedGroup, Reading, Source } from '../src/sources/source.ts'
import { findProgram } from './find-program.ts'
import { sourceContext } from './source-context.ts'

const groups = ['cpu_core', 'mem', 'load', 'disk', 'net', 'fs', 'vm', 'tcp', 'fd', 'psi', 'proc'] as const
type Readings = Record<(typeof groups)[number], Reading>

const collectors = [
  'cpu',
  'meminfo',
  'loadavg',
  'diskstats',
  'netdev',
  'filesystem',
  'vmstat',
  'netstat',
  'sockstat',
  'filefd',
  'pressure',
  'stat',
  'conntrack',
]

const program = findProgram('NODE_EXPORTER', ['prometheus-node-exporter', 'node_exporter'])
const obstacle =
  process.platform !== 'linux'
    ? 'only Linux has /proc'
    : program === undefined
      ? 'no node_exporter: set NODE_EXPORTER, or put it on PATH'
      : ''

/** Series of node_exporter by name and labels, each written `name{a="x",b="y"}`. */
class Scrape {
  readonly #series = new Map<string, number>()

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line)
      if (match?.[1] !== undefined) this.#series.set(match[1], Number(match[2]))
    }
  }

  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const text = Object.entries(labels)
      .map(([key, value]) => `${key}="${value}"`)
      .toSorted()
      .join(',')
    return this.#series.get(text === '' ? name : `${name}{${text}}`)
  }
}

async function openAll(): Promise<Map<(typeof groups)[number], Source>> {
  const config = collectorConfigSchema.parse({ groups: { net: { exclude: [] } } }).groups
  const registry = await sourcesFor('linux')
  const open = async <G extends CollectedGroup>(group: G): Promise<Source> => {
    const definition = await registry[group]?.()
    if (definition === undefined) throw new Error(`no source of ${group}`)
    return definition.open(hostPaths({}), config[group], sourceContext())
  }
  const sources = new Map<(typeof groups)[number], Source>()
  for (const group of groups) sources.set(group, await open(group))
  onTestFinished(() => [...sources.values()].forEach((source) => source.close()))
  return sources
}

async function readAll(sources: ReadonlyMap<string, Source>): Promise<Readings> {
  const readings: Record<string, Reading> = {}
  for (const [group, source] of sources) {
    try {
      readings[group] = await source.read(null)
    } catch {
      // A kernel without the group, which node_exporter then does not have either: nothing is compared.
      readings[group] = {}
    }
  }
  return readings as Readings
}

/** Our value before and after theirs: what only grows lies between the two, to a hundredth of a second and a rounding. */
interface Compared {
  readonly what: string
  readonly before: number
  readonly theirs: number | undefined
  readonly after: number
  readonly slack: number
}

function counters(before: Readings, theirs: Scrape, after: Readings): Compared[] {
  const compared: Compared[] = []
  const add = (what: string, pair: readonly [unknown, unknown], value: number | undefined, slack = 0): void => {
    if (typeof pair[0] === 'number' && typeof pair[1] === 'number')
      compared.push({ what, before: pair[0], theirs: value, after: pair[1], slack })
  }
  const items = (
    group: (typeof groups)[number],
    label: string,
    compare: (name: string, pair: (field: string) => [unknown, unknown]) => void,
  ): void => {
    for (const item of before[group].items ?? []) {
      const later = after[group].items?.find((each) => each[label] === item[label])
      if (later !== undefined) compare(String(item[label]), (field) => [item[field], later[field]])
    }
  }
  const scalar = (group: (typeof groups)[number], field: string): [unknown, unknown] => [
    before[group].fields?.[field],
    after[group].fields?.[field],
  ]
  items('cpu_core', 'core', (cpu, pair) => {
    for (const mode of ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal']) {
      add(`cpu ${cpu} ${mode}`, pair(`${mode}_seconds_total`), theirs.value('node_cpu_seconds_total', { cpu, mode }), 0.02)
    }
  })
  items('disk', 'device', (device, pair) => {
    add(`disk ${device} read`, pair('read_bytes_total'), theirs.value('node_disk_read_bytes_total', { device }))
    add(`disk ${device} written`, pair('written_bytes_total'), theirs.value('node_disk_written_bytes_total', { device }))
    add(`disk ${device} reads`, pair('read_ops_total'), theirs.value('node_disk_reads_completed_total', { device }))
    add(`disk ${device} writes`, pair('write_ops_total'), theirs.value('node_disk_writes_completed_total', { device }))
  })
  items('net', 'nic', (device, pair) => {
    for (const way of ['receive', 'transmit']) {
      add(`net ${device} ${way} bytes`, pair(`${way}_bytes_total`), theirs.value(`node_network_${way}_bytes_total`, { device }))
      add(`net ${device} ${way} packets`, pair(`${way}_packets_total`), theirs.value(`node_network_${way}_packets_total`, { device }))
      add(`net ${device} ${way} errors`, pair(`${way}_errors_total`), theirs.value(`node_network_${way}_errs_total`, { device }))
    }
  })
  for (const [group, field, name, factor = 1] of [
    ['vm', 'page_faults_total', 'node_vmstat_pgfault'],
    ['vm', 'major_page_faults_total', 'node_vmstat_pgmajfault'],
    ['vm', 'page_in_bytes_total', 'node_vmstat_pgpgin', 1024],
    ['vm', 'page_out_bytes_total', 'node_vmstat_pgpgout', 1024],
    ['vm', 'oom_kills_total', 'node_vmstat_oom_kill'],
    ['vm', 'context_switches_total', 'node_context_switches_total'],
    ['vm', 'interrupts_total', 'node_intr_total'],
    ['proc', 'forks_total', 'node_forks_total'],
    ['tcp', 'active_opens_total', 'node_netstat_Tcp_ActiveOpens'],
    ['tcp', 'passive_opens_total', 'node_netstat_Tcp_PassiveOpens'],
    ['tcp', 'received_segments_total', 'node_netstat_Tcp_InSegs'],
    ['tcp', 'sent_segments_total', 'node_netstat_Tcp_OutSegs'],
    ['tcp', 'retransmits_total', 'node_netstat_Tcp_RetransSegs'],
    ['tcp', 'sent_resets_total', 'node_netstat_Tcp_OutRsts'],
    ['tcp', 'listen_overflows_total', 'node_netstat_TcpExt_ListenOverflows'],
    ['tcp', 'listen_drops_total', 'node_netstat_TcpExt_ListenDrops'],
    ['psi', 'cpu_some_seconds_total', 'node_pressure_cpu_waiting_seconds_total'],
    ['psi', 'memory_some_seconds_total', 'node_pressure_memory_waiting_seconds_total'],
    ['psi', 'memory_full_seconds_total', 'node_pressure_memory_stalled_seconds_total'],
    ['psi', 'io_some_seconds_total', 'node_pressure_io_waiting_seconds_total'],
    ['psi', 'io_full_seconds_total', 'node_pressure_io_stalled_seconds_total'],
  ] as const) {
    const value = theirs.value(name)
    // node_exporter rounds pressure to milliseconds in some versions.
    add(name, scalar(group, field), value === undefined ? undefined : value * factor, group === 'psi' ? 0.001 : 0)
  }
  return compared
}

/** What goes up and down: as good as equal, because other programs of this machine work meanwhile. */
function gauges(before: Readings, theirs: Scrape): Compared[] {
  const mebibyte = 2 ** 20
  const near = (what: string, ours: unknown, value: number | undefined, slack: number): Compared[] =>
    typeof ours === 'number' ? [{ what, before: ours, theirs: value, after: ours, slack }] : []
  const mem = before.mem.fields ?? {}
  const files = (before.fs.items ?? []).flatMap((item) => {
    const labels = { device: String(item['device']), fstype: String(item['fstype']), mountpoint: String(item['mount']) }
    const found = (name: string): number | undefined => theirs.value(name, labels) ?? theirs.value(name, { ...labels, device_error: '' })
    return [
      ...near(`size of ${labels.mountpoint}`, item['size_bytes'], found('node_filesystem_size_bytes'), 0),
      ...near(`available on ${labels.mountpoint}`, item['available_bytes'], found('node_filesystem_avail_bytes'), 512 * mebibyte),
    ]
  })
  return [
    ...near('total memory', mem['total_bytes'], theirs.value('node_memory_MemTotal_bytes'), 0),
    ...near('available memory', mem['available_bytes'], theirs.value('node_memory_MemAvailable_bytes'), 512 * mebibyte),
    ...near('total swap', mem['swap_total_bytes'], theirs.value('node_memory_SwapTotal_bytes'), 0),
    ...near('load1', before.load.fields?.['load1'], theirs.value('node_load1'), 0.5),
    ...near('open files', before.fd.fields?.['allocated'], theirs.value('node_filefd_allocated'), 2000),
    ...near('most open files', before.fd.fields?.['max'], theirs.value('node_filefd_maximum'), 0),
    ...near('most tracked connections', before.tcp.fields?.['conntrack_max'], theirs.value('node_nf_conntrack_entries_limit'), 0),
    ...files,
  ]
}

async function startExporter(path: string): Promise<string> {
  const port = await freePort()
  const flags = [
    '--collector.disable-defaults',
    ...collectors.map((name) => `--collector.${name}`),
    // By itself it leaves out the root of a container, and disks whose names look like partitions.
    '--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|debugfs|devpts|mqueue|nsfs|proc|sysfs|tracefs)$',
    '--collector.diskstats.device-exclude=^(loop|ram)[0-9]+$',
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const exporter = spawn(path, flags, { stdio: 'ignore' })
  onTestFinished(() => void exporter.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}/metrics`
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200), { timeout: 15_000, interval: 50 })
  return url
}

test.skipIf(obstacle !== '')(
  `every value is that of node_exporter on the same host${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    const url = await startExporter(program ?? '')
    const sources = await openAll()
    await readAll(sources)
    const before = await readAll(sources)
    const theirs = new Scrape(await (await fetch(url)).text())
    const after = await readAll(sources)
    const all = [...counters(before, theirs, after), ...gauges(before, theirs)]
    const different = all.filter(
      (each) => each.theirs === undefined || each.theirs < each.before - each.slack - 1e-6 || each.theirs > each.after + each.slack + 1e-6,
    )
    expect(different).toEqual([])
    // Every kind was compared, and not on nothing.
    for (const kind of [
      'cpu 0 user',
      'total memory',
      'available memory',
      'disk ',
      'net lo receive bytes',
      'size of /',
      'node_vmstat_pgfault',
    ]) {
      expect(all.some(({ what, before: ours }) => what.startsWith(kind) && ours > 0)).toBe(true)
    }
    expect(all.length).toBeGreaterThan(40)
  },
)
