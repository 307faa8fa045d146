import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { parseEntry } from '../../../src/logs/sources/journald.ts'
import { containerObstacle, docker } from '../../checks/containers.ts'
import { openTestSource, type OpenedSource } from './open-test-source.ts'

const patience = { timeout: 15_000, interval: 50 }

/** An executable file in place of journalctl. */
function program(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-journal-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'journalctl')
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return path
}

/** Written by hand after systemd.journal-fields(7) and `journalctl --output=json`. */
const entry = (number: number, realtimeUs = 1_769_860_800_000_000 + number): string =>
  JSON.stringify({
    __CURSOR: `s=00ab;i=${number.toString(16)};b=cd;m=1;t=2;x=3`,
    __REALTIME_TIMESTAMP: String(realtimeUs),
    PRIORITY: '3',
    MESSAGE: `entry ${number}`,
  })

async function until(opened: OpenedSource, holds: () => void): Promise<void> {
  await vi.waitFor(async () => {
    while ((await opened.source.poll(opened.sink)) && !opened.sink.full);
    holds()
  }, patience)
}

const messages = ({ sink }: OpenedSource): unknown[] => sink.lines.map((line) => (JSON.parse(line) as { MESSAGE: unknown }).MESSAGE)

test('entries come with the place they have in the journal, and a restart goes on behind the last one', async () => {
  const path = program(`case "$*" in *after-cursor*) echo '${entry(3)}';; *) echo '${entry(1)}'; echo '${entry(2)}';; esac; exec sleep 60`)
  const first = await openTestSource({ journald: { program: path }, start_at: 'beginning' })
  await until(first, () => expect(messages(first)).toEqual(['entry 1', 'entry 2']))
  expect(first.sink.places).toEqual(['journal-00ab@1', 'journal-00ab@2'])
  expect(first.source.save()).toEqual({ cursor: 's=00ab;i=2;b=cd;m=1;t=2;x=3' })
  const second = await openTestSource({ journald: { program: path } }, first.source.save())
  await until(second, () => expect(messages(second)).toEqual(['entry 3']))
})

test('a journalctl that ends is started again behind the last entry, and that is said once', async () => {
  const path = program(
    `case "$*" in *i=1\\;*) echo '${entry(2)}'; exec sleep 60;; *) echo '${entry(1)}'; echo 'no more' >&2; exit 1;; esac`,
  )
  const opened = await openTestSource({ journald: { program: path }, start_at: 'beginning' })
  await until(opened, () => expect(messages(opened)).toEqual(['entry 1', 'entry 2']))
  expect(opened.said.filter((line) => line.includes('starting journalctl again'))).toHaveLength(1)
  expect(opened.said.join()).toContain('no more')
})

test('a machine without journalctl is said, and no crash', async () => {
  const opened = await openTestSource({ journald: { program: '/no/such/journalctl' } })
  await until(opened, () => expect(opened.source.standing().unreadable).toBe(1))
  expect(opened.said.join()).toContain('ENOENT')
})

test('at first sight what is older is passed over', async () => {
  const soon = (Date.now() + 5000) * 1000
  const opened = await openTestSource({ journald: { program: program(`echo '${entry(1)}'; echo '${entry(2, soon)}'; exec sleep 60`) } })
  await until(opened, () => expect(messages(opened)).toEqual(['entry 2']))
})

test('a flood waits in journalctl, not in memory, and the child ends with the source', async () => {
  const path = program(`line='${entry(1)}'; while :; do echo "$line"; done`)
  const opened = await openTestSource({ journald: { program: path }, start_at: 'beginning' })
  opened.sink.full = true
  await until(opened, () => expect(opened.source.standing().unreadBytes).toBeGreaterThan(4_000_000))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(opened.source.standing().unreadBytes).toBeLessThan(5_000_000)
  await opened.source.close()
})

test('what is no entry has no cursor', () => {
  expect(parseEntry(Buffer.from('-- No entries --\n'))).toBeUndefined()
  expect(parseEntry(Buffer.from(`${entry(255)}\n`))).toMatchObject({ key: '00ab', number: 255 })
})

const image = process.env['SYSTEMD_IMAGE'] ?? 'systemd:bookworm'
const obstacle = containerObstacle(image, 'SYSTEMD_IMAGE')

describe.skipIf(obstacle !== '')(`the journal of a real systemd${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`, () => {
  const name = `nightshift-test-journal-${process.pid}`
  beforeAll(async () => {
    const rights = ['--cap-add', 'SYS_ADMIN', '--cap-add', 'NET_ADMIN', '--security-opt', 'seccomp=unconfined', '--cgroupns=private']
    docker('run', '-d', '--name', name, ...rights, '--tmpfs', '/run', '--tmpfs', '/run/lock', '--tmpfs', '/tmp', image, '/sbin/init')
    const state = (): string => docker('exec', name, 'sh', '-c', 'systemctl show -p SystemState || true')
    await vi.waitUntil(() => /running|degraded/.test(state()), { timeout: 25_000, interval: 250 })
  }, 40_000)
  afterAll(() => void docker('rm', '-f', name))

  test('is followed from now on, by identifier, and resumed by cursor after a restart', async () => {
    const say = (text: string): string => docker('exec', name, 'sh', '-c', `echo '${text}' | systemd-cat -t nightshift-test -p err`)
    const path = program(`exec docker exec ${name} journalctl "$@"`)
    const journald = { program: path, identifiers: ['nightshift-test'] }
    say('before us')
    const first = await openTestSource({ journald })
    await until(first, () => expect(first.source.standing().unreadable).toBe(0))
    await vi.waitFor(() => expect(docker('top', name)).toContain('journalctl'), patience)
    say('one')
    say('two')
    await until(first, () => expect(messages(first)).toEqual(['one', 'two']))
    expect(JSON.parse(first.sink.lines[0] ?? '')).toMatchObject({ PRIORITY: '3', SYSLOG_IDENTIFIER: 'nightshift-test' })
    const saved = first.source.save()
    await first.source.close()
    for (let number = 3; number <= 15; number++) say(String(number))
    const second = await openTestSource({ journald }, saved)
    await until(second, () => expect(messages(second)).toHaveLength(13))
    expect(messages(second).at(-1)).toBe('15')
    expect(new Set([...first.sink.places, ...second.sink.places]).size).toBe(15)
  }, 40_000)
})
