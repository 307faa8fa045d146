import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseShow, properties } from '../../src/checks/units/systemd-unit.ts'
import { containerObstacle, docker } from './containers.ts'
import { runCheck } from './run-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-systemd-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const image = process.env['SYSTEMD_IMAGE'] ?? 'systemd:bookworm'
const obstacle = containerObstacle(image, 'SYSTEMD_IMAGE')

const units = {
  'good.service': '[Service]\nExecStart=sleep 600\n',
  'crash.service': '[Service]\nExecStart=sleep 600\n',
  'loop.service': '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=false\nRestart=always\nRestartSec=100ms\n',
  'once.service': '[Service]\nType=oneshot\nExecStart=true\n',
  'bad-once.service': '[Service]\nType=oneshot\nExecStart=false\n',
  'broken.service': '[Service]\n',
  'nightly.timer': '[Timer]\nOnCalendar=daily\nUnit=once.service\n',
}

describe.skipIf(obstacle !== '')(`a real systemd${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`, () => {
  const name = `nightshift-test-systemd-${process.pid}`
  const bus = join(folder, 'run', 'dbus', 'system_bus_socket')
  const check = (unit: string, keys: object = {}) => runCheck('systemd', { unit, bus_socket: bus, ...keys })
  const inside = (...argv: string[]): string => docker('exec', name, ...argv)

  beforeAll(async () => {
    chmodSync(folder, 0o755)
    const rights = ['--cap-add', 'SYS_ADMIN', '--cap-add', 'NET_ADMIN', '--security-opt', 'seccomp=unconfined', '--cgroupns=private']
    const mounts = ['--tmpfs', '/run', '--tmpfs', '/run/lock', '--tmpfs', '/tmp', '-v', `${join(folder, 'run', 'dbus')}:/run/dbus`]
    docker('run', '-d', '--name', name, ...rights, ...mounts, image, '/sbin/init')
    for (const [unit, text] of Object.entries(units)) {
      writeFileSync(join(folder, unit), text)
      docker('cp', join(folder, unit), `${name}:/etc/systemd/system/${unit}`)
    }
    await vi.waitUntil(() => /running|degraded/.test(inside('systemctl', 'show', '-p', 'SystemState')), {
      timeout: 25_000,
      interval: 250,
    })
    inside('systemctl', 'daemon-reload')
    inside('systemctl', 'start', 'good', 'crash', 'once', 'nightly.timer')
    inside('systemctl', 'start', '--no-block', 'loop', 'bad-once')
    inside('systemctl', 'mask', 'man-db.timer')
  }, 60_000)
  afterAll(() => void docker('rm', '-f', name))

  test('has units that are as they should be', async () => {
    expect(await check('good')).toEqual({
      ok: true,
      error: null,
      detail: { load_state: 'loaded', active_state: 'active', sub_state: 'running', result: 'success', restarts: 0 },
    })
    const shown = inside('systemctl', 'show', `--property=${properties.join(',')}`, '--', 'good.service')
    expect(parseShow(shown)).toEqual({ loadState: 'loaded', activeState: 'active', subState: 'running', result: 'success', restarts: 0 })
    expect(await check('nightly.timer', { sub_states: ['waiting'] })).toMatchObject({ ok: true, detail: { sub_state: 'waiting' } })
    expect(await check('once', { states: ['active', 'activating', 'inactive'] })).toMatchObject({
      ok: true,
      detail: { active_state: 'inactive' },
    })
  })

  test('has units that are not, each told with its reason', async () => {
    inside('systemctl', 'kill', '-s', 'KILL', 'crash')
    const error = async (unit: string, keys: object = {}) => (await check(unit, keys)).error
    await vi.waitFor(async () =>
      expect(await error('crash')).toBe('crash.service is failed (failed, result signal); `journalctl -u crash.service` says more'),
    )
    expect(await error('once')).toContain('once.service is inactive (dead)')
    expect(await error('bad-once', { states: ['inactive', 'failed'] })).toBeNull()
    expect(await error('bad-once', { states: ['inactive'] })).toContain('is failed (failed, result exit-code)')
    expect(await error('no-such')).toBe('there is no unit no-such.service on this machine')
    expect(await error('man-db.timer')).toMatch(/is masked: `systemctl unmask man-db\.timer`/)
    expect(await error('broken')).toContain('cannot be loaded (bad-setting)')
    await vi.waitFor(
      async () => expect(await error('loop', { states: ['active', 'activating'], max_restarts: 2 })).toContain('was restarted'),
      {
        timeout: 15_000,
        interval: 200,
      },
    )
  })
})

test('a machine without systemd is unsupported, and a bus that hangs or is none fails in time', async () => {
  const missing = { proc: '/proc', sys: '/sys', root: join(folder, 'no-root') }
  const outcome = await runCheck('systemd', { unit: 'ssh' }, missing)
  expect(outcome).toMatchObject({ ok: null, error: expect.stringContaining('in a container mount /run/dbus of the host') })
  const socket = join(folder, 'mute.sock')
  const server = createServer((stream) => stream.on('error', () => undefined)).listen(socket)
  await once(server, 'listening')
  expect(await runCheck('systemd', { unit: 'ssh', bus_socket: socket, timeout: '300ms' })).toMatchObject({
    ok: false,
    error: 'systemd did not answer within 300ms',
  })
  server.removeAllListeners('connection').on('connection', (stream) => stream.end('nonsense\r\n'))
  expect((await runCheck('systemd', { unit: 'ssh', bus_socket: socket })).error).toContain('systemd cannot be asked about ssh.service')
  server.close()
})

const daemon = process.env['DBUS_DAEMON'] ?? 'dbus-daemon'
const noDaemon = spawnSync(daemon, ['--version']).status === 0 ? '' : 'no dbus-daemon (name one in DBUS_DAEMON)'

test.skipIf(noDaemon !== '')(`a bus without systemd is unsupported${noDaemon === '' ? '' : ` (skipped: ${noDaemon})`}`, async () => {
  const socket = join(folder, 'bare.sock')
  const file = join(folder, 'bare.conf')
  const policy = '<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>'
  writeFileSync(file, `<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>${policy}</busconfig>`)
  const child = spawn(daemon, ['--nofork', `--config-file=${file}`], { stdio: 'ignore' })
  await vi.waitUntil(() => existsSync(socket), { timeout: 10_000 })
  const outcome = await runCheck('systemd', { unit: 'ssh', bus_socket: socket })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(outcome).toMatchObject({ ok: null, error: `nobody is systemd on the bus at ${socket}: this machine does not run it` })
  expect((await runCheck('systemd', { unit: 'ssh', bus_socket: socket })).error).toContain(`nobody listens on the bus at ${socket}`)
})

test('what systemctl shows is understood', () => {
  expect(parseShow('Result=exit-code\nNRestarts=3\nLoadState=loaded\nActiveState=failed\nSubState=failed\n')).toEqual({
    loadState: 'loaded',
    activeState: 'failed',
    subState: 'failed',
    result: 'exit-code',
    restarts: 3,
  })
  expect(parseShow('LoadState=loaded\nActiveState=active\nSubState=waiting\n')).toMatchObject({ result: undefined, restarts: undefined })
})
