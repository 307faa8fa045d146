import { rmSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import type { Started } from '../service-on-broker.ts'
import { brokerWithListener, config, host, startCollector, temporaryFolder, type Heard } from '../service-on-broker.ts'
import { collectorOf } from '../../src/service.ts'
import { HostFolder } from './host-folder.ts'

const patience = { timeout: 15_000, interval: 20 }
const quiet = { every: '1h', slow_every: '1h' }
const planted = 'PLANTED-hunter2-SECRET'

async function start(url: string, folder: HostFolder, section: object, stateDir: string): Promise<Started> {
  return await startCollector(url, section, stateDir, collectorOf({ platform: 'linux', paths: folder.paths }))
}

const summaries = (heard: Heard): string[] => heard.of('change').map(({ event }) => event.summary)
const looks = (heard: Heard, check: string): number => heard.of('check').filter(({ event }) => event.check === check).length
const states = (heard: Heard, check: string): string[] =>
  heard
    .of('health')
    .filter(({ event }) => event.check === check)
    .map(({ event }) => `${event.previous}>${event.state}`)

test('the first look is quiet; then a new account, key, rule and service are told once each, across restarts, and no secret is', async () => {
  const { server, heard } = await brokerWithListener()
  const folder = new HostFolder()
  const stateDir = temporaryFolder()
  const security = { every: '1s', firewall: { enabled: false }, failed_logins: { enabled: false } }
  const first = await start(server.url, folder, { ...quiet, security }, stateDir)
  await vi.waitFor(() => expect(states(heard, 'security-accounts')).toEqual(['null>ok']), patience)
  await vi.waitFor(() => expect(looks(heard, 'security-system-files')).toBeGreaterThan(0), patience)
  expect(summaries(heard)).toEqual([])
  await first.stop()

  folder.write('/etc/passwd', `root:x:0:0:root:/root:/bin/bash\ndeploy:x:1000:1000::/home/deploy:/bin/zsh\neve:${planted}:0:0::/:/bin/sh\n`)
  folder.write('/etc/sudoers.d/eve', `# ${planted}\neve ALL=(ALL) NOPASSWD: /bin/x --password=${planted}\n`)
  folder.write('/etc/cron.d/job', `* * * * * root TOKEN=${planted} /bin/x\n`)
  const key = `AAAAC3NzaC1lZDI1NTE5AAAAI${'B'.repeat(43)}`
  folder.write('/home/deploy/.ssh/authorized_keys', `command="x ${planted}" ssh-ed25519 ${key} ${planted}\n`, 0o600)
  const second = await start(server.url, folder, { ...quiet, security }, stateDir)
  await vi.waitFor(() => expect(summaries(heard)).toHaveLength(5), patience)
  const before = looks(heard, 'security-accounts')
  await vi.waitFor(() => expect(looks(heard, 'security-accounts')).toBeGreaterThan(before + 1), patience)
  await second.stop()
  const third = await start(server.url, folder, { ...quiet, security }, stateDir)
  await vi.waitFor(() => expect(looks(heard, 'security-accounts')).toBeGreaterThan(before + 4), patience)

  const told = summaries(heard).toSorted()
  expect(told).toEqual([
    'account deploy changed from: uid 1000, gid 1000, home /home/deploy, shell /bin/bash; to: uid 1000, gid 1000, home /home/deploy, shell /bin/zsh',
    'account eve is new: uid 0, gid 0, home /, shell /bin/sh',
    expect.stringMatching(/^file \/etc\/cron\.d\/job is new: \d+ bytes, 0644 \S+:\S+$/),
    expect.stringMatching(
      /^key SHA256:\S{43} of account deploy is new: ssh-ed25519, with command, in \/home\/deploy\/\.ssh\/authorized_keys$/,
    ),
    expect.stringMatching(/^sudo rule of eve in \/etc\/sudoers\.d\/eve #\w{6} is new: asks for no password$/),
  ])
  const change = heard.of('change').find(({ event }) => event.summary.startsWith('account eve'))
  expect(change?.subject).toBe('ops.change.web-1_2eexample_2ecom.security')
  expect(change?.event).toMatchObject({
    host,
    what: 'security',
    actor: 'collector',
    version: null,
    detail: { aspect: 'accounts', change: 'added', item: 'account eve', before: null },
  })
  expect(states(heard, 'security-accounts')).toEqual(['null>ok', 'ok>failing'])
  const failing = heard.of('health').find(({ event }) => event.check === 'security-accounts' && event.state === 'failing')
  expect(failing?.event.error).toContain('account eve has the number of root')
  expect(JSON.stringify(heard.all.map(({ event }) => event))).not.toContain('hunter2')
  expect(JSON.stringify(heard.all.map(({ event }) => event))).not.toContain(key.slice(30))
  expect(heard.of('dead')).toEqual([])

  await third.service.reload(config(quiet))
  await vi.waitFor(() => expect(states(heard, 'security-accounts')).toEqual(['null>ok', 'ok>failing', 'failing>removed']), patience)
  expect(third.service.self()).not.toHaveProperty('security_looks_total')
})

test('a new port fails its check for as long as a difference counts as new', async () => {
  const { server, heard } = await brokerWithListener()
  const folder = new HostFolder()
  const others = { accounts: { enabled: false }, sudoers: { enabled: false }, authorized_keys: { enabled: false } }
  const more = { firewall: { enabled: false }, failed_logins: { enabled: false }, system_files: { enabled: false } }
  const security = { every: '1s', alert_for: '2s', ...others, ...more }
  await start(server.url, folder, { ...quiet, security }, temporaryFolder())
  await vi.waitFor(() => expect(states(heard, 'security-ports')).toEqual(['null>ok']), patience)
  const line = '   9: 00000000:115C 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 424242 1 0000000000000000 100 0 0 10 0\n'
  folder.write('/proc/1/net/tcp', line)
  await vi.waitFor(() => expect(states(heard, 'security-ports')).toEqual(['null>ok', 'ok>failing', 'failing>ok']), patience)
  expect(summaries(heard)).toContain('port tcp 0.0.0.0:4444 is new')
  const metric = heard.of('metric').filter(({ event }) => event.group === 'security')
  expect(metric.at(-1)?.event.items).toMatchObject([{ aspect: 'ports', findings: 0, unreadable: 0 }])
  expect(Math.max(...metric.map(({ event }) => event.fields?.['all_differences'] ?? 0))).toBeGreaterThan(1)

  rmSync(folder.inside('/proc/1/net/tcp'))
  await vi.waitFor(() => expect(states(heard, 'security-ports').at(-1)).toBe('ok>unknown'), patience)
  const count = summaries(heard).length
  folder.write('/proc/1/net/tcp', line)
  await vi.waitFor(() => expect(states(heard, 'security-ports').at(-1)).toBe('unknown>ok'), patience)
  expect(summaries(heard)).toHaveLength(count)
})
