import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { config } from '../../service-on-broker.ts'
import { lookAtCertificates, judgeExpiry } from '../../../src/posture/aspects/certificates.ts'
import { lookAtFiles } from '../../../src/posture/aspects/files.ts'
import { lookAtFolders } from '../../../src/posture/aspects/folders.ts'
import { judgePermissions, lookAtPermissions } from '../../../src/posture/aspects/permissions.ts'
import { lookAtSystemFiles } from '../../../src/posture/aspects/system-files.ts'
import type { Look } from '../../../src/posture/look.ts'
import type { SecurityConfig } from '../../../src/posture/registry.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'
import { HostFolder, isRoot } from '../host-folder.ts'

function section(security: object): SecurityConfig {
  const parsed = config({ security }).security
  if (parsed === undefined) throw new Error('no section')
  return parsed
}

const findings = (look: Look): string[] => look.findings.map(({ text }) => text)

test('D4: .env is 0600, and data, logs and chroma_db are 0755 or 0750', async () => {
  const folder = new HostFolder()
  folder.write('/srv/app/.env', 'KEY=planted', 0o644)
  for (const [name, mode] of [
    ['data', 0o755],
    ['logs', 0o750],
    ['chroma_db', 0o777],
  ] as const) {
    mkdirSync(folder.inside(`/srv/app/${name}`))
    chmodSync(folder.inside(`/srv/app/${name}`), mode)
  }
  const { permissions } = section({
    permissions: [
      { path: '/srv/*/.env', mode: '0600' },
      ...['data', 'logs', 'chroma_db'].map((name) => ({ path: `/srv/app/${name}/`, mode: ['0755', '0750'] })),
      { path: '/srv/app/nothing', mode: '0600' },
    ],
  })
  const look = await lookAtPermissions(permissions, folder.context())
  expect(findings(look)).toEqual([
    '/srv/app/.env is 0644, at most 0600 is right',
    '/srv/app/chroma_db is 0777, at most 0755 or 0750 is right',
  ])
  expect(look.findings.map(({ level }) => level)).toEqual(['warning', 'critical'])
  expect(look.unread).toEqual(['/srv/app/nothing is not there'])
  expect(look.lookedAt).toBe(4)
})

test('a stricter mode is fine; a setuid bit, an owner and a group that are not asked for are not', () => {
  const rule = { path: '/x', mode: [0o640, 0o755], owner: 'app', group: 'app' }
  const seen = { mode: 0o600, owner: 'app', group: 'app' }
  expect(judgePermissions('/x', rule, seen)).toEqual([])
  expect(judgePermissions('/x', rule, { ...seen, mode: 0o711 })).toEqual([])
  expect(judgePermissions('/x', rule, { ...seen, mode: 0o660 })).toHaveLength(1)
  expect(judgePermissions('/x', rule, { ...seen, mode: 0o4755 })).toHaveLength(1)
  expect(judgePermissions('/x', rule, { ...seen, owner: 'root', group: 'root' }).map(({ text }) => text)).toEqual([
    '/x belongs to root, not to app',
    '/x belongs to group root, not to app',
  ])
})

test('a mode is written in quotes', () => {
  expect(() => section({ permissions: [{ path: '/x', mode: 600 }] })).toThrow('in quotes')
  expect(() => section({ permissions: [{ path: '/x', mode: '0888' }] })).toThrow('octal')
})

test('what anybody may write to is found, but for sticky folders and links; setuid programs are remembered', async () => {
  const folder = new HostFolder()
  folder.write('/srv/open', 'x', 0o666)
  folder.write('/srv/run\u001b[31m.sh', 'x', 0o777)
  folder.write('/srv/deep/er/su', 'x', 0o4755)
  folder.write('/srv/deep/skipped/open', 'x', 0o666)
  mkdirSync(folder.inside('/srv/tmp'))
  chmodSync(folder.inside('/srv/tmp'), 0o1777)
  mkdirSync(folder.inside('/srv/wide'))
  chmodSync(folder.inside('/srv/wide'), 0o777)
  symlinkSync('/etc/passwd', folder.inside('/srv/link'))
  symlinkSync('..', folder.inside('/srv/circle'))
  writeFileSync(Buffer.concat([Buffer.from(folder.inside('/srv/')), Buffer.from([0xff, 0xfe])]), 'x')
  const { files } = section({ files: { roots: ['/srv', '/none'], exclude: ['*/skipped'] } })
  const look = await lookAtFiles(files, folder.context())
  expect(findings(look).toSorted()).toEqual([
    'anybody may write to /srv/open (0666)',
    'anybody may write to /srv/run?[31m.sh (0777)',
    'anybody may write to /srv/wide (0777)',
  ])
  expect([...(look.parts.get('/srv') ?? []).keys()]).toEqual(['setuid program /srv/deep/er/su'])
  expect(look.parts.get('/none')).toBeNull()
  expect(look.unread).toEqual(['/srv/\uFFFD\uFFFD has a name that is not UTF-8', '/none is not there'])
})

test('a tree that is larger than its bound is said to be, and its setuid programs are not taken for gone', async () => {
  const folder = new HostFolder()
  for (let number = 0; number < 150; number++) folder.write(`/srv/${number}`, '')
  const { files } = section({ files: { roots: ['/srv'], max_entries: 100 } })
  const look = await lookAtFiles(files, folder.context())
  expect(look).toMatchObject({ lookedAt: 100, unread: ['/srv holds more than 100 entries; the rest was left out'] })
  expect(look.parts.get('/srv')).toBeNull()
})

const canMount = isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
test.runIf(canMount)('another file system in the tree is not entered', async () => {
  const folder = new HostFolder()
  mkdirSync(folder.inside('/srv/mounted'), { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'none', folder.inside('/srv/mounted')])
  onTestFinished(() => void execFileSync('umount', [folder.inside('/srv/mounted')]))
  const { files } = section({ files: { roots: ['/srv'] } })
  expect(findings(await lookAtFiles(files, folder.context()))).toEqual([])
  writeFileSync(folder.inside('/srv/mounted/open'), 'x')
  chmodSync(folder.inside('/srv/mounted/open'), 0o666)
  expect(findings(await lookAtFiles(files, folder.context()))).toEqual([])
  const { files: itself } = section({ files: { roots: ['/srv/mounted'] } })
  expect(findings(await lookAtFiles(itself, folder.context()))).toEqual(['anybody may write to /srv/mounted/open (0666)'])
})

test('permissions of folders and of what is in them are remembered', async () => {
  const folder = new HostFolder()
  folder.write('/srv/a', 'x', 0o640)
  const { folders } = section({ folders: ['/srv', '/no*'] })
  const look = await lookAtFolders(folders, folder.context())
  const facts = look.parts.get('/srv')
  expect(facts?.get('permissions of /srv/a')?.text).toMatch(/^0640 /)
  expect(facts?.has('permissions of /srv')).toBe(true)
  expect(look.unread).toEqual(['nothing is there that matches /no*'])
})

test('certificates that expire within 30 days are a warning, within 7 days critical; a file without one is said', async () => {
  const folder = new HostFolder()
  const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000)
  for (const days of [3, 20, 90]) {
    const { cert, key } = selfSigned(inDays(days))
    folder.write(`/etc/tls/${days}.pem`, `${key}${cert}`)
  }
  folder.write('/etc/tls/key.pem', selfSigned().key)
  folder.write('/etc/tls/broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const look = await lookAtCertificates(section({ certificates: { paths: ['/etc/tls/*.pem'] } }).certificates, folder.context())
  expect(findings(look)).toEqual([
    '/etc/tls/20.pem (nightshift test) expires in 20.0 days',
    '/etc/tls/3.pem (nightshift test) expires in 3.0 days',
  ])
  expect(look.findings.map(({ level }) => level)).toEqual(['warning', 'critical'])
  expect(look.unread[0]).toMatch(/^\/etc\/tls\/broken\.pem cannot be read/)
  expect(look.unread[1]).toBe('/etc/tls/key.pem holds no certificate in PEM form')
  expect(look.fields.certificate_expiry_seconds).toBeCloseTo(3 * 86_400, -1)
})

test('at the edges: 30 days are enough, 7 days are a warning, none is expired', () => {
  const dayMs = 86_400_000
  const limits = { warn: 30 * dayMs, critical: 7 * dayMs }
  expect(judgeExpiry('x', 30 * dayMs, 0, limits)).toEqual([])
  expect(judgeExpiry('x', 30 * dayMs - 1, 0, limits)).toMatchObject([{ level: 'warning' }])
  expect(judgeExpiry('x', 7 * dayMs, 0, limits)).toMatchObject([{ level: 'warning' }])
  expect(judgeExpiry('x', 7 * dayMs - 1, 0, limits)).toMatchObject([{ level: 'critical' }])
  expect(judgeExpiry('x', 0, dayMs, limits)).toEqual([{ text: 'x expired 1.0 days ago', level: 'critical' }])
})

test('system files are told by size and compared by content; a pipe in their place does not hold the look up', async () => {
  const folder = new HostFolder()
  folder.write('/etc/crontab', 'planted')
  folder.write('/srv/app.conf', 'planted')
  execFileSync('mkfifo', [folder.inside('/etc/rc.local')])
  const { system_files: options } = section({ system_files: { also: ['/srv/*.conf'] } })
  const look = await lookAtSystemFiles(options, folder.context())
  expect(look.parts.get('/etc/crontab')?.get('file /etc/crontab')).toMatchObject({ text: expect.stringMatching(/^7 bytes, 0644 /) })
  expect(look.parts.get('/srv/*.conf')?.size).toBe(1)
  expect(look.parts.get('/etc/rc.local')?.size).toBe(0)
  expect(look.unread).toEqual([])
  expect(JSON.stringify([...look.parts.values()].map((facts) => [...(facts ?? [])]))).not.toContain('planted')
})
