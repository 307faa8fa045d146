import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { parsePing } from '../../src/network/ping-output.ts'
import { runCheck } from './run-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-ping-'))
const path = process.env['PATH']
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  process.env['PATH'] = path
})

/** A ping that says what it is told to. */
function fakePing(script: string): void {
  writeFileSync(join(folder, 'ping'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  process.env['PATH'] = `${folder}:${path}`
}

const real = spawnSync('ping', ['-n', '-q', '-c', '1', '-w', '1', '127.0.0.1'])
const obstacle = real.error === undefined && real.status === 0 ? '' : 'ping is not installed, or may not send'

test.skipIf(obstacle !== '')(`this machine answers${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`, async () => {
  const outcome = await runCheck('icmp', { host: '127.0.0.1', count: 2 })
  expect(outcome).toMatchObject({ ok: true, error: null, detail: { sent: 2, received: 2, loss_ratio: 0 } })
  expect(outcome.detail['rtt_avg_seconds']).toBeLessThan(1)
  expect((await runCheck('icmp', { host: 'nobody.invalid', timeout: '4s' })).error).toMatch(/no such host|no answer from/)
})

// Hand-written after what these print.
test.each([
  [
    'iputils',
    '3 packets transmitted, 2 received, 33.3333% packet loss, time 402ms\nrtt min/avg/max/mdev = 0.026/0.036/0.048/0.009 ms',
    [3, 2, 0.036, 0.048],
  ],
  [
    'busybox',
    '3 packets transmitted, 3 packets received, 0% packet loss\nround-trip min/avg/max = 0.061/0.076/0.098 ms',
    [3, 3, 0.076, 0.098],
  ],
  [
    'macOS',
    '1 packets transmitted, 1 packets received, 0.0% packet loss\nround-trip min/avg/max/stddev = 1.0/2.5/3.0/0.1 ms',
    [1, 1, 2.5, 3],
  ],
  ['silence', '2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1ms', [2, 0, undefined, undefined]],
])('what ping of %s says is understood', (_, text, [sent, received, averageMs, maxMs]) => {
  expect(parsePing(`PING x\n\n--- x ping statistics ---\n${text}\n`)).toEqual({ sent, received, averageMs, maxMs })
})

test('loss and slowness are failures, and so is silence', async () => {
  fakePing('echo "4 packets transmitted, 3 received, 25% packet loss, time 1ms"; echo "rtt min/avg/max/mdev = 10/50/90/1 ms"; exit 1')
  expect((await runCheck('icmp', { host: 'a.test' })).error).toBe('a.test answered 3 of 4 packets')
  expect(await runCheck('icmp', { host: 'a.test', max_loss: '25%' })).toMatchObject({
    ok: true,
    detail: { loss_ratio: 0.25, rtt_max_seconds: 0.09 },
  })
  expect((await runCheck('icmp', { host: 'a.test', max_loss: 0.5, max_latency: '20ms' })).error).toContain(
    'answers in 50ms, slower than the 20ms',
  )
  fakePing('echo "3 packets transmitted, 0 received, 100% packet loss, time 1ms"; exit 1')
  expect((await runCheck('icmp', { host: 'a.test', max_loss: 1 })).error).toContain('a.test does not answer to ping')
})

test('where ping is missing or may not send the check is unsupported, and says what to do', async () => {
  fakePing('echo "ping: socktype: SOCK_RAW: Operation not permitted" >&2; exit 2')
  expect(await runCheck('icmp', { host: 'a.test' })).toMatchObject({ ok: null, error: expect.stringContaining('cap_net_raw') })
  process.env['PATH'] = '/nowhere'
  expect(await runCheck('icmp', { host: 'a.test' })).toMatchObject({ ok: null, error: expect.stringContaining('apt install iputils-ping') })
})

test('a ping that never ends is killed in time', async () => {
  fakePing('sleep 30')
  const startMs = performance.now()
  expect((await runCheck('icmp', { host: 'a.test', timeout: '300ms' })).error).toBe('no answer from a.test within 300ms')
  expect(performance.now() - startMs).toBeLessThan(5000)
})
