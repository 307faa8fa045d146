import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-hung-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A FUSE mount whose file system never answers, seen only by this one process; then four looks at it and at the root. */
const program = `
import { closeSync, openSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
const { fsSource } = await import(process.env.FS_SOURCE)
const device = openSync('/dev/fuse', 'r+')
const options = 'fd=3,rootmode=40000,user_id=0,group_id=0'
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'hung', process.env.MOUNT], { stdio: ['ignore', 'ignore', 'inherit', device] })
if (mounted.status !== 0) process.exit(3)
const source = fsSource.open({ proc: process.env.PROC, sys: '/sys', root: '/' }, { enabled: true, network_mounts: false, exclude: [] }, {})
const looks = []
for (let look = 0; look < 4; look++) {
  if (look === 3) {
    closeSync(device)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const startMs = performance.now()
  const { items } = await source.read(null)
  looks.push({ ms: performance.now() - startMs, stale: items.map((item) => item.stale), sizes: items.map((item) => item.size_bytes !== null) })
}
console.log(JSON.stringify(looks))
`

function canHang(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root of a Linux machine may mount'
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse'
  const namespace = spawnSync('unshare', ['--mount', 'true'])
  return namespace.status === 0 ? '' : 'no mount namespace of its own can be made'
}

const obstacle = canHang()

test.skipIf(obstacle !== '')(
  `a mount that really hangs is stale and holds up nothing${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    const mount = join(folder, 'mount')
    mkdirSync(mount)
    mkdirSync(join(folder, '1'))
    writeFileSync(join(folder, '1', 'mounts'), `/dev/root / ext4 rw 0 0\nhung ${mount} fuse rw 0 0\n`)
    writeFileSync(join(folder, 'program.mjs'), program)
    const env = { ...process.env, MOUNT: mount, PROC: folder, FS_SOURCE: new URL('../../src/sources/fs.ts', import.meta.url).href }
    const { stdout } = await promisify(execFile)('unshare', ['--mount', process.execPath, join(folder, 'program.mjs')], {
      env,
      timeout: 10_000,
      killSignal: 'SIGKILL',
    })
    const [first, second, third, afterwards] = JSON.parse(stdout)
    for (const look of [first, second, third]) expect(look).toMatchObject({ stale: [0, 1], sizes: [true, false] })
    expect(first.ms).toBeGreaterThan(150)
    expect(Math.min(second.ms, third.ms)).toBeLessThan(150)
    expect(afterwards).toMatchObject({ stale: [0, 0], sizes: [true, false] })
  },
)
