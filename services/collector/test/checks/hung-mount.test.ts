import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-hung-check-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A FUSE mount whose file system never answers, seen only by this one process; six checks of it, and others beside them. */
const program = `
import { closeSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { spawnSync } from 'node:child_process'
const { fileCheck } = await import(process.env.CHECKS + 'file.ts')
const { tcpCheck } = await import(process.env.CHECKS + 'tcp.ts')
const device = openSync('/dev/fuse', 'r+')
const options = 'fd=3,rootmode=40000,user_id=0,group_id=0'
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'hung', process.env.MOUNT], { stdio: ['ignore', 'ignore', 'inherit', device] })
if (mounted.status !== 0) process.exit(3)
const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
await once(server, 'listening')
async function run(kind, config, timeoutMs) {
  const startMs = performance.now()
  const host = { proc: '/proc', sys: '/sys', root: '/' }
  const { ok, error } = await kind.run(config, { signal: AbortSignal.timeout(timeoutMs), timeoutMs, host, elapsedMs: () => 0 })
  return { ok, error, ms: performance.now() - startMs }
}
const file = (path, timeoutMs = 400) => run(fileCheck, { path, exists: true, min_count: 1, which: 'newest' }, timeoutMs)
const hung = Promise.all(Array.from({ length: 6 }, (_, index) => file(process.env.MOUNT + '/file-' + index)))
const beside = await Promise.all([
  ...Array.from({ length: 6 }, () => file(process.env.PROBE)),
  ...Array.from({ length: 6 }, () => run(tcpCheck, { host: 'localhost', port: server.address().port }, 400)),
])
const first = await hung
const second = await file(process.env.MOUNT + '/file-0', 200)
closeSync(device)
await new Promise((resolve) => setTimeout(resolve, 100))
const afterwards = await file(process.env.MOUNT + '/file-0')
server.close()
console.log(JSON.stringify({ first, beside, second, afterwards }))
process.exit(0)
`

function canHang(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root of a Linux machine may mount'
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse'
  return spawnSync('unshare', ['--mount', 'true']).status === 0 ? '' : 'no mount namespace of its own can be made'
}

const obstacle = canHang()

test.skipIf(obstacle !== '')(
  `checks of a mount that really hangs fail in time and hold up no other check${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    const mount = join(folder, 'mount')
    const probe = join(folder, 'probe')
    mkdirSync(mount)
    writeFileSync(probe, 'x')
    writeFileSync(join(folder, 'program.mjs'), program)
    const env = { ...process.env, MOUNT: mount, PROBE: probe, CHECKS: new URL('../../src/checks/', import.meta.url).href }
    const { stdout } = await promisify(execFile)('unshare', ['--mount', process.execPath, join(folder, 'program.mjs')], {
      env,
      timeout: 10_000,
      killSignal: 'SIGKILL',
    })
    const { first, beside, second, afterwards } = JSON.parse(stdout)
    const hangs = { ok: false, error: expect.stringContaining(`the file system at ${mount} does not answer`) }
    for (const each of [...first, second]) expect(each).toMatchObject(hangs)
    for (const each of beside) expect(each).toMatchObject({ ok: true })
    expect(Math.max(...beside.map((each: { ms: number }) => each.ms))).toBeLessThan(350)
    expect(afterwards.error).not.toContain('does not answer')
  },
)
