import { execFile } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { HostFolder, isRoot } from './host-folder.ts'

/** Looks at everything that rights keep from others, and prints what could not be looked at and what is remembered of it. */
const program = `
const [, root] = process.argv
const { aspects } = await import(process.env.REGISTRY)
const config = {
  every: 1000, timeout: 10000, permissions: [{ path: '/private/.env', mode: [0o600] }], files: { roots: ['/srv'], exclude: [], max_entries: 1000 },
  folders: ['/private/in'], certificates: { paths: ['/srv/key.pem'], warn: 0, critical: 0 }, keys: { rotate_after: 1, records: ['/srv/keys.json'], files: [] },
  ports: { enabled: true }, failed_logins: { enabled: true, file: '/srv/btmp', burst: 1, within: 1 }, accounts: { enabled: false }, sudoers: { enabled: true },
  authorized_keys: { enabled: true }, firewall: { enabled: false }, system_files: { enabled: true, also: [] }, dependencies: { projects: [] },
}
const answers = {}
for (const aspect of aspects) {
  if (aspect.schedule(config) === undefined) continue
  const look = await aspect.look(config, { host: { root, proc: root + '/proc', sys: root + '/sys' }, nowMs: Date.now(), signal: new AbortController().signal })
  answers[aspect.name] = { unread: look.unread, held: [...look.parts].filter(([, facts]) => facts === null).map(([part]) => part) }
}
console.log(JSON.stringify(answers))
`

/** Another user may not reach the Node of this run, or these sources, where both lie in a home. */
async function obstacle(): Promise<string | undefined> {
  if (!isRoot) return undefined
  const argv = ['--input-type=module', '-e', `await import('${registry}')`]
  return await promisify(execFile)(process.execPath, argv, { cwd: '/', uid: 65_534, gid: 65_534 }).then(
    () => undefined,
    () => 'no other user may run this Node and read these sources',
  )
}

const registry = new URL('../../src/posture/registry.ts', import.meta.url).href
const reason = await obstacle()
if (reason !== undefined) process.stdout.write(`skipped: posture without rights: ${reason}\n`)

test.skipIf(reason !== undefined)('what a user without rights cannot look at is said, and what was known of it is kept', async () => {
  const folder = new HostFolder()
  chmodSync(folder.root, 0o755)
  folder.write('/private/.env', 'x', 0o600)
  folder.write('/private/in/x', 'x', 0o600)
  folder.write('/srv/hidden/x', 'x', 0o600)
  for (const path of [
    '/srv/key.pem',
    '/srv/keys.json',
    '/srv/btmp',
    '/etc/sudoers',
    '/etc/ssh/sshd_config',
    '/home/deploy/.ssh/authorized_keys',
  ])
    folder.write(path, 'x', 0)
  chmodSync(folder.inside('/private'), 0)
  chmodSync(folder.inside('/srv/hidden'), 0)
  const options = { env: { ...process.env, REGISTRY: registry }, cwd: '/', ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}) }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, folder.root], options)
  chmodSync(folder.inside('/private'), 0o700)
  chmodSync(folder.inside('/srv/hidden'), 0o700)
  const mayNot = (path: string): string => `${path} may not be read by this user`
  expect(JSON.parse(stdout)).toEqual({
    permissions: { unread: [mayNot('/private/.env')], held: [] },
    files: { unread: [mayNot('/srv/hidden')], held: [] },
    folders: { unread: [mayNot('/private/in')], held: ['/private/in'] },
    certificates: { unread: [mayNot('/srv/key.pem')], held: [] },
    keys: { unread: [mayNot('/srv/keys.json')], held: [] },
    ports: { unread: [], held: [] },
    'failed-logins': { unread: [mayNot('/srv/btmp')], held: [] },
    sudoers: { unread: [mayNot('/etc/sudoers or /etc/sudoers.d')], held: ['rules'] },
    'authorized-keys': { unread: [mayNot('/home/deploy/.ssh/authorized_keys')], held: ['deploy'] },
    'system-files': { unread: [mayNot('/etc/ssh/sshd_config')], held: [] },
  })
})
