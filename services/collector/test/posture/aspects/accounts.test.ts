import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAccounts, parseGroups } from '../../../src/posture/accounts/account-file.ts'
import { parseAuthorizedKey } from '../../../src/posture/accounts/authorized-key.ts'
import { parseFailedLogins, recordLayout } from '../../../src/posture/accounts/failed-login-record.ts'
import { parseKeyRecord } from '../../../src/posture/accounts/key-record.ts'
import { judgeAccounts } from '../../../src/posture/aspects/accounts.ts'
import { lookAtAuthorizedKeys } from '../../../src/posture/aspects/authorized-keys.ts'
import { judgeFailedLogins, lookAtFailedLogins } from '../../../src/posture/aspects/failed-logins.ts'
import { judgeKey, lookAtKeys } from '../../../src/posture/aspects/keys.ts'
import { lookAtSudoers, sudoRules } from '../../../src/posture/aspects/sudoers.ts'
import type { Facts, Look } from '../../../src/posture/look.ts'
import { HostFolder } from '../host-folder.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000
const factsOf = (facts: Facts | null | undefined): Record<string, string | null> =>
  Object.fromEntries([...(facts ?? [])].map(([item, { text }]) => [item, text]))
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

test('accounts with the number of root, or that need no password, are critical', () => {
  const accounts = parseAccounts('root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\nopen::7:7::/:/bin/sh\n+::::::\nnonsense\n')
  expect(accounts.map(({ name }) => name)).toEqual(['root', 'toor', 'open'])
  expect(judgeAccounts(accounts)).toEqual([
    { text: 'account toor has the number of root', level: 'critical' },
    { text: 'account open needs no password', level: 'critical' },
  ])
  expect(parseGroups('sudo:x:27:a,b\nempty:x:5:\nbad\n')).toEqual([
    { name: 'sudo', gid: 27, members: ['a', 'b'] },
    { name: 'empty', gid: 5, members: [] },
  ])
})

test('sudo rules are told by file and by whom they are for, whatever their spacing, and never by their text', async () => {
  const folder = new HostFolder()
  folder.write('/etc/sudoers', '# planted\nDefaults env_reset\n%sudo ALL=(ALL:ALL) ALL\n#includedir /etc/sudoers.d\n')
  folder.write('/etc/sudoers.d/deploy', 'deploy ALL=(root) \\\n  NOPASSWD: /bin/x -p planted # planted\n')
  folder.write('/etc/sudoers.d/README.txt', 'eve ALL=(ALL) ALL\n')
  const look = await lookAtSudoers({}, folder.context())
  const told = Object.entries(factsOf(look.parts.get('rules'))).map(([item, text]) => `${item.replace(/#\w+$/, '#')}: ${text}`)
  expect(told).toEqual([
    'sudo rule of Defaults in /etc/sudoers #: a setting',
    'sudo rule of %sudo in /etc/sudoers #: asks for a password',
    'sudo rule of #includedir in /etc/sudoers #: a setting',
    'sudo rule of deploy in /etc/sudoers.d/deploy #: asks for no password',
  ])
  expect(JSON.stringify([...(look.parts.get('rules') ?? [])])).not.toContain('planted')
  expect(sudoRules('a  ALL=\tALL')).toEqual(sudoRules(' a ALL= ALL # x'))
  const none = new HostFolder()
  expect((await lookAtSudoers({}, none.context())).parts.get('rules')?.size).toBe(0)
})

test('a key is told by its fingerprint and the names of its options; what is no key is passed over', () => {
  const blob = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.alloc(36, 7)]).toString('base64')
  const key = parseAuthorizedKey(`from="10.0.0.1",command="ssh-rsa AAAAB3NzaC1yc2EAAAA planted",no-pty ssh-ed25519 ${blob} planted@host`)
  expect(key).toMatchObject({ type: 'ssh-ed25519', options: ['from', 'command', 'no-pty'] })
  expect(key?.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
  for (const line of ['', '# ssh-ed25519 x', 'ssh-ed25519 AAAAplantedplantedplanted', 'root:$6$planted:19000:0:99999:7:::']) {
    expect(parseAuthorizedKey(line)).toBeUndefined()
  }
})

test('whatever a line is, nothing of it comes out but kind, fingerprint and option names', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
        fc.base64String().map((text) => `ssh-rsa ${text}`),
      ),
      (line) => {
        const { type, fingerprint } = parseAuthorizedKey(line) ?? { type: 'none', fingerprint: `SHA256:${'0'.repeat(43)}` }
        expect(`${type} ${fingerprint}`).toMatch(/^[a-z0-9@.-]+ SHA256:[A-Za-z0-9+/]{43}$/)
      },
    ),
  )
})

test.runIf(has('ssh-keygen'))('fingerprints are those that ssh-keygen prints', async () => {
  const folder = new HostFolder()
  const lines = ['ed25519', 'ecdsa', 'rsa'].map((type) => {
    folder.write(`/keys/.${type}`, '')
    execFileSync('ssh-keygen', [
      '-q',
      '-t',
      type,
      ...(type === 'rsa' ? ['-b', '2048'] : []),
      '-N',
      '',
      '-C',
      'planted@host',
      '-f',
      folder.inside(`/keys/${type}`),
    ])
    return readFileSync(folder.inside(`/keys/${type}.pub`), 'utf8')
  })
  folder.write('/home/deploy/.ssh/authorized_keys', lines.join(''), 0o600)
  const printed = execFileSync('ssh-keygen', ['-lf', folder.inside('/home/deploy/.ssh/authorized_keys')], { encoding: 'utf8' })
  const look = await lookAtAuthorizedKeys({}, folder.context())
  const expected = [...printed.matchAll(/SHA256:\S+/g)].map(([fingerprint]) => `key ${fingerprint} of account deploy`)
  expect([...(look.parts.get('deploy') ?? new Map()).keys()]).toEqual(expected)
  expect(expected).toHaveLength(3)
})

test('keys are looked for where sshd does, when it says so', async () => {
  const folder = new HostFolder()
  const blob = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.alloc(36, 7)]).toString('base64')
  folder.write('/etc/ssh/sshd_config', 'Port 22\nAuthorizedKeysFile /etc/keys/%u .ssh/authorized_keys\n')
  folder.write('/etc/keys/deploy', `ssh-ed25519 ${blob}\n`)
  const look = await lookAtAuthorizedKeys({}, folder.context())
  expect([...(look.parts.get('deploy')?.values() ?? [])]).toEqual([{ text: 'ssh-ed25519, in /etc/keys/deploy' }])
  expect(look.parts.get('root')?.size).toBe(0)
})

/** A record as sshd writes it into btmp, after utmp(5). */
function failedLogin(arch: string, epochMs: number, user: string, source: string): Buffer {
  const record = Buffer.alloc(recordLayout(arch).sizeBytes)
  record.writeInt16LE(6, 0)
  record.writeInt32LE(4242, 4)
  record.write('ssh:notty', 8)
  record.write(user, 44)
  record.write(source, 76)
  const seconds = Math.floor(epochMs / 1000)
  if (arch === 'arm64') record.writeBigInt64LE(BigInt(seconds), 344)
  else record.writeInt32LE(seconds, 340)
  return record
}

test('failed logins within the window are counted by source; the tried name, which may be a password, is never told', async () => {
  const folder = new HostFolder()
  const nowMs = Date.now()
  const records = [
    ...Array.from({ length: 30 }, () => failedLogin(process.arch, nowMs - 2 * hourMs, 'root', '192.0.2.1')),
    ...Array.from({ length: 15 }, () => failedLogin(process.arch, nowMs - 60_000, 'planted', '203.0.113.9')),
    ...Array.from({ length: 4 }, () => failedLogin(process.arch, nowMs - 1000, 'planted', '')),
  ]
  folder.write('/var/log/btmp', Buffer.concat(records))
  const options = { enabled: true, file: '/var/log/btmp', burst: 20, within: hourMs }
  const before = await lookAtFailedLogins(options, folder.context(nowMs))
  expect(before).toMatchObject({ findings: [], fields: { failed_logins: 19 }, lookedAt: 49 })
  folder.write(
    '/var/log/btmp',
    Buffer.concat([...records, failedLogin(process.arch, nowMs - 500, 'planted', '203.0.113.9'), Buffer.alloc(100)]),
  )
  const look: Look = await lookAtFailedLogins(options, folder.context(nowMs))
  expect(look.findings).toEqual([
    { text: '20 failed logins within 60 minutes, most from 203.0.113.9 (16), a console (4)', level: 'critical' },
  ])
  expect(JSON.stringify([look.findings, look.unread])).not.toContain('planted')
  const none = await lookAtFailedLogins({ ...options, file: '/none' }, folder.context(nowMs))
  expect(none).toMatchObject({ unread: [expect.stringContaining('collector.logs')], fields: { failed_logins: null } })
})

test.runIf(has('lastb') && process.arch === 'x64')('lastb reads the same from such a file', () => {
  const folder = new HostFolder()
  const nowMs = Date.now()
  folder.write('/btmp', Buffer.concat([1, 2, 3].map((number) => failedLogin('x64', nowMs - number * 1000, 'eve', `192.0.2.${number}`))))
  const lines = execFileSync('lastb', ['-i', '-f', folder.inside('/btmp')], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('eve'))
  expect(lines).toHaveLength(3)
  const read = parseFailedLogins(readFileSync(folder.inside('/btmp')), recordLayout('x64'))
  expect(read.map(({ source }) => source)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
})

test('records of both sizes are read; garbage is read without an error', () => {
  const nowMs = 1_700_000_000_000
  for (const arch of ['x64', 'arm64']) {
    expect(parseFailedLogins(failedLogin(arch, nowMs, 'eve', 'a'.repeat(256)), recordLayout(arch))).toEqual([
      { epochMs: nowMs, source: 'a'.repeat(256) },
    ])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(parseFailedLogins(Buffer.from(bytes), recordLayout(arch)).length).toBeLessThanOrEqual(5)
      }),
    )
  }
})

test('a burst below its bound is no finding', () => {
  const logins = Array.from({ length: 3 }, () => ({ epochMs: 0, source: 'x' }))
  expect(judgeFailedLogins(logins, { burst: 4, within: hourMs })).toEqual([])
  expect(judgeFailedLogins(logins, { burst: 3, within: hourMs })).toHaveLength(1)
})

test('D4: a key older than 90 days or of unknown age is due; the key itself is never told', async () => {
  const folder = new HostFolder()
  const nowMs = Date.parse('2026-06-30T00:00:00Z')
  const record = {
    ANTHROPIC_API_KEY: { created: '2026-06-01', value: 'planted' },
    SLACK_TOKEN: { created: '2026-03-31T00:00:00Z' },
    OLD: { created: '2026-03-31T23:00:00+09:00' },
    DATE_ONLY: '2026-01-01',
    UNKNOWN: { created: 'some day' },
    NOTHING: null,
    'sk-ant-api03-PLANTEDplantedPLANTED': {},
  }
  folder.write('/srv/keys.json', JSON.stringify(record))
  folder.write('/srv/broken.json', '{"planted":')
  const look = await lookAtKeys({ rotate_after: 90 * dayMs, records: ['/srv/*.json'], files: [] }, folder.context(nowMs))
  expect(look.findings.map(({ text }) => text)).toEqual([
    'key SLACK_TOKEN in /srv/keys.json is 91 days old, due for rotation after 90',
    'key OLD in /srv/keys.json is 90 days old, due for rotation after 90',
    'key DATE_ONLY in /srv/keys.json is 180 days old, due for rotation after 90',
    'key UNKNOWN in /srv/keys.json is of unknown age, so it is due for rotation',
    'key NOTHING in /srv/keys.json is of unknown age, so it is due for rotation',
    'key number 7 in /srv/keys.json is of unknown age, so it is due for rotation',
  ])
  expect(look.unread).toEqual(['/srv/broken.json is no JSON object of keys, each with its date in "created"'])
  expect(JSON.stringify([look.findings, look.unread]).toLowerCase()).not.toContain('planted')
  expect(judgeKey('x', { createdMs: 0 }, 90 * dayMs, 90 * dayMs)).toEqual([])
  expect(judgeKey('x', { createdMs: 0 }, 90 * dayMs + 1, 90 * dayMs)).toHaveLength(1)
})

test('whatever a record of keys holds, names that could be keys are not told', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      for (const { name } of parseKeyRecord(text) ?? []) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9 _.:/@-]{0,63}$/)
    }),
  )
  const names = ['ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'AKIAIOSFODNN7EXAMPLE', '0123456789abcdef0123', 'DB_PASSWORD']
  const record = Object.fromEntries(names.map((name) => [name, {}]))
  expect(parseKeyRecord(JSON.stringify({ keys: record }))?.map(({ name }) => name)).toEqual([
    'number 1',
    'number 2',
    'number 3',
    'DB_PASSWORD',
  ])
})
