import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { gpuSource } from '../../src/sources/gpu.ts'
import type { Item, Source } from '../../src/sources/source.ts'
import { fixture, fixturePath } from '../fixture.ts'
import { keptLog } from '../kept-log.ts'
import { config, temporaryFolder } from '../service-on-broker.ts'
import { sourceContext } from '../source-context.ts'

const patience = { timeout: 15_000, interval: 50 }
const cards = fixture('gpu/nvidia-two-cards.csv')

/** A program in place of nvidia-smi. Each start adds its process number to the file `starts`. */
function fakeNvidia(script: string): { program: string; readonly starts: () => number[] } {
  const folder = temporaryFolder()
  const program = join(folder, 'nvidia-smi')
  writeFileSync(join(folder, 'cards'), cards)
  writeFileSync(program, `#!/bin/sh\ncd ${folder}\necho $$ >> starts\necho "$@" > argv\n${script}\n`)
  chmodSync(program, 0o755)
  const starts = (): number[] =>
    existsSync(join(folder, 'starts')) ? readFileSync(join(folder, 'starts'), 'utf8').trim().split('\n').map(Number) : []
  return { program, starts }
}

function open(options: { nvidia_smi?: string; sys?: string }): { source: Source; lines: string[] } {
  const { sys = '/no/such/sys', ...group } = options
  const { log, lines } = keptLog()
  const host = { proc: '/proc', sys, root: '/' }
  const source = gpuSource.open(
    host,
    config({ groups: { gpu: { nvidia_smi: '/no/such/program', ...group } } }).groups.gpu,
    sourceContext({ log }),
  )
  onTestFinished(() => source.close())
  return { source, lines }
}

const names = async (source: Source): Promise<(Item[string] | undefined)[]> =>
  ((await source.read(1)).items ?? []).map((item) => item['name'])

function runs(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}

test('one nvidia-smi runs for all looks, and ends with the source (a program in its place)', async () => {
  const { program, starts } = fakeNvidia('while :; do cat cards; sleep 0.2; done')
  const { source } = open({ nvidia_smi: program })
  await vi.waitFor(async () => expect(await names(source)).toEqual(['NVIDIA A10', 'NVIDIA GeForce RTX 3090']), patience)
  for (let look = 0; look < 20; look++) await source.read(1)
  const [pid, ...more] = starts()
  expect(more).toEqual([])
  expect(readFileSync(join(program, '..', 'argv'), 'utf8')).toMatch(
    /^--query-gpu=index,pci\.bus_id,name,.* --format=csv,noheader,nounits -l 1\n$/,
  )
  expect(runs(pid)).toBe(true)
  source.close()
  await vi.waitFor(() => expect(runs(pid)).toBe(false), patience)
})

test('a driver that fails is said once with its own words, and nvidia-smi is started again, ever less often', async () => {
  const script =
    '[ $(wc -l < starts) -ge 3 ] && while :; do cat cards; sleep 0.2; done\necho "NVIDIA-SMI has failed because of the driver."; exit 9'
  const { program, starts } = fakeNvidia(script)
  const { source, lines } = open({ nvidia_smi: program })
  expect(await names(source)).toEqual([])
  await vi.waitFor(async () => expect(await names(source)).toHaveLength(2), patience)
  expect(starts()).toHaveLength(3)
  expect(lines.filter((line) => line.includes('NVIDIA-SMI has failed'))).toHaveLength(1)
  expect(lines.filter((line) => line.includes('again')).at(-1)).toContain('tells about the graphics processors again')
})

test('a card that is no longer printed is gone; an endless line takes no memory', async () => {
  const script = 'cat cards\nwhile :; do head -n 1 cards; head -c 3000000 /dev/zero | tr "\\0" x; echo; sleep 0.5; done'
  const { source } = open({ nvidia_smi: fakeNvidia(script).program })
  await vi.waitFor(async () => expect(await names(source)).toHaveLength(2), patience)
  await vi.waitFor(async () => expect(await names(source)).toEqual(['NVIDIA A10']), patience)
})

test('cards of AMD and Intel tell by sysfs what their drivers tell; one that is switched off is not woken (hand-written)', async () => {
  const sys = join(temporaryFolder(), 'sys')
  cpSync(fixturePath('gpu/sys'), sys, { recursive: true })
  const { source } = open({ sys })
  const first = (await source.read(null)).items
  expect(first).toHaveLength(3)
  expect(first?.find((item) => item['index'] === '0')).toEqual({
    index: '0',
    vendor: 'amd',
    name: 'AMD 0x744c',
    bus: '',
    usage_ratio: 0.42,
    memory_total_bytes: 25753026560,
    memory_used_bytes: 12876513280,
    memory_used_ratio: 0.5,
    temperature_celsius: 57,
    power_watts: 203,
    power_limit_watts: 303,
    fan_ratio: 0.2,
    clock_hertz: 2304e6,
  })
  expect(first?.find((item) => item['index'] === '1')).toMatchObject({ vendor: 'intel', usage_ratio: null, clock_hertz: 600e6 })
  expect(first?.find((item) => item['index'] === '2')).toEqual({
    index: '2',
    vendor: 'amd',
    name: 'Radeon RX 6800M',
    bus: '',
    usage_ratio: 0,
  })
  writeFileSync(join(sys, 'class/drm/card1/gt/gt0/rc6_residency_ms'), '2500\n')
  expect((await source.read(2)).items?.find((item) => item['index'] === '1')).toMatchObject({ usage_ratio: 0.25 })
})

test('without a card the group is not to be had here, and nothing is started', async () => {
  await expect(async () => open({}).source.read(null)).rejects.toMatchObject({ code: 'unsupported_group' })
})
