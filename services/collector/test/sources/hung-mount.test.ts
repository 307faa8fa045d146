import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-hung-'))
afterAll(() => rmSync(folder, { recursive: true }))

/**
 * FUSE mounts whose file system never answers, seen only by this one process; then looks at them and at two that answer. The first of them
 * gives way before the last look, the others hang to the very end.
 */
const program = `
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
const { fsSource } = await import(process.env.FS_SOURCE)
const devices = process.env.MOUNTS.split(',').map((mount) => {
  const device = openSync('/dev/fuse', 'r+')
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0'
  const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'hung', mount], { stdio: ['ignore', 'ignore', 'inherit', device] })
  if (mounted.status !== 0) process.exit(3)
  return device
})
const source = fsSource.open({ proc: process.env.PROC, sys: '/sys', root: '/' }, { enabled: true, network_mounts: false, exclude: [] }, {})
const looks = []
for (let look = 0; look < 4; look++) {
  if (look === 3) {
    closeSync(devices[0])
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const startMs = performance.now()
  const { items } = await source.read(null)
  looks.push({ ms: performance.now() - startMs, stale: items.map((item) => item.stale), sizes: items.map((item) => item.size_bytes !== null) })
}
const { GroupSet } = await import(process.env.GROUP_SET)
const { cpuSource } = await import(process.env.CPU_SOURCE)
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
const published = { cpu: 0, fs: 0 }
const group = { enabled: true, every: 250, network_mounts: false, exclude: [] }
const set = new GroupSet({
  registry: { cpu: () => cpuSource, fs: () => fsSource },
  host: { proc: process.env.PROC, sys: '/sys', root: '/' },
  clock,
  log: { info: () => {}, warn: () => {} },
  publish: (name) => published[name]++,
})
await set.apply({ every: 250, groups: { cpu: group, fs: group } })
await new Promise((resolve) => setTimeout(resolve, 2000))
set.stop()
// One thread is left for all that needs one.
const text = await readFile('/proc/self/stat', 'utf8')
await new Promise((resolve) => process.stdout.write(JSON.stringify({ looks, published, hasThread: text !== '' }), resolve))
process.exit(7)
`

function canHang(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root of a Linux machine may mount'
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse'
  const namespace = spawnSync('unshare', ['--mount', 'true'])
  return namespace.status === 0 ? '' : 'no mount namespace of its own can be made'
}

const obstacle = canHang()

test.skipIf(obstacle !== '')(
  `mounts that really hang are stale and hold up nothing, not even the end of the process${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    const mounts = ['hung1', 'hung2', 'hung3', 'hung4'].map((name) => join(folder, name))
    for (const mount of mounts) mkdirSync(mount)
    mkdirSync(join(folder, '1'))
    const hung = mounts.map((mount) => `hung ${mount} fuse rw 0 0\n`).join('')
    writeFileSync(join(folder, '1', 'mounts'), `${hung}/dev/root / ext4 rw 0 0\n/dev/other ${tmpdir()} ext4 rw 0 0\n`)
    symlinkSync('/proc/stat', join(folder, 'stat'))
    writeFileSync(join(folder, 'program.mjs'), program)
    const url = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href
    const files = { FS_SOURCE: url('sources/fs.ts'), CPU_SOURCE: url('sources/cpu.ts'), GROUP_SET: url('groups/group-set.ts') }
    const env = { ...process.env, MOUNTS: mounts.join(','), PROC: folder, ...files }
    const startMs = performance.now()
    const run = promisify(execFile)('unshare', ['--mount', process.execPath, join(folder, 'program.mjs')], {
      env,
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    // Node waits for its threads at the end, and three of them never come back: it ends all the same, with the code it was told.
    const { code, stdout } = await run.then(
      () => ({ code: 0, stdout: '' }),
      (error: { code: number; stdout: string }) => error,
    )
    expect(code).toBe(7)
    expect(performance.now() - startMs).toBeLessThan(15_000)
    const { looks, published, hasThread } = JSON.parse(stdout)
    const [first, second, third, afterwards] = looks
    for (const look of [first, second, third]) {
      expect(look).toMatchObject({ stale: [1, 1, 1, 1, 0, 0], sizes: [false, false, false, false, true, true] })
    }
    expect(first.ms).toBeGreaterThan(150)
    expect(Math.min(second.ms, third.ms)).toBeLessThan(150)
    // Its file system is gone, so it answers with an error, and what waited for its turn hangs instead.
    expect(afterwards).toMatchObject({ stale: [0, 1, 1, 1, 0, 0], sizes: [false, false, false, false, true, true] })
    // 9 looks in two seconds, were this machine doing nothing else.
    expect(published.cpu).toBeGreaterThanOrEqual(6)
    expect(published.fs).toBeGreaterThanOrEqual(6)
    expect(hasThread).toBe(true)
  },
  30_000,
)
