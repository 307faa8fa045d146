import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromSeed } from '@nats-io/nkeys'
import { afterEach, describe, expect, it } from 'vitest'
import { UserStore, userName } from '../../src/permissions/users.ts'

const folders: string[] = []
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-users-'))
  folders.push(folder)
  return folder
}
const collector = { service: 'collector', host: 'db1.example.com' } as const

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe('the users of a broker', () => {
  it('are made once, and are the same after a restart', () => {
    const folder = newFolder()
    const first = new UserStore(folder)
    const seed = first.localSeed(collector)
    const { password } = first.operator()
    const second = new UserStore(folder)
    expect(second.localSeed(collector)).toBe(seed)
    expect(second.operator()).toEqual({ user: 'operator', password })
    expect(second.users).toEqual(first.users)
    expect(second.users.map((user) => user.name)).toEqual(['collector@db1.example.com', 'operator'])
  })

  it('log in with a key whose public half is all that the server is told', () => {
    const store = new UserStore(newFolder())
    const seed = store.localSeed(collector)
    expect(seed).toMatch(/^SU[A-Z2-7]{56}$/)
    expect(store.users[0]?.login).toEqual({ kind: 'nkey', publicKey: fromSeed(new TextEncoder().encode(seed)).getPublicKey() })
    expect(JSON.stringify(store.users)).not.toContain(seed)
  })

  it('have keys and passwords that nobody can guess', () => {
    const stores = [new UserStore(newFolder()), new UserStore(newFolder())]
    const [first, second] = stores.map((store) => store.operator().password)
    expect(first).not.toBe(second)
    expect(Buffer.from(first ?? '', 'base64url')).toHaveLength(32)
    expect(first).toMatch(/^[\w-]+$/)
  })

  it('leave nothing that others on the machine could read', () => {
    const folder = newFolder()
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'keys'), { mode: 0o755 })
    const store = new UserStore(folder)
    store.localSeed(collector)
    store.operator()
    const modes = [folder, join(folder, 'keys'), join(folder, 'users.json'), join(folder, 'keys', 'collector_db1_2eexample_2ecom.nk')].map(
      (path) => statSync(path).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600])
    expect(readdirSync(folder).toSorted()).toEqual(['keys', 'users.json'])
  })

  it('of another host have a seed that is handed out once and kept nowhere', () => {
    const folder = newFolder()
    const store = new UserStore(folder)
    const seed = store.invite(collector)
    expect(readdirSync(join(folder, 'keys'))).toEqual([])
    expect(readFileSync(join(folder, 'users.json'), 'utf8')).not.toContain(seed)
    const again = store.invite(collector)
    expect(again).not.toBe(seed)
    expect(store.users).toHaveLength(1)
  })

  it('of a host are gone when the host is forgotten', () => {
    const folder = newFolder()
    const store = new UserStore(folder)
    store.invite(collector)
    store.localSeed({ service: 'healer', host: 'db1.example.com' })
    store.localSeed({ service: 'alerter', host: 'web-1' })
    expect(store.removeHost('db1.example.com')).toBe(2)
    expect(store.removeHost('db1.example.com')).toBe(0)
    expect(new UserStore(folder).users.map(userName)).toEqual(['alerter@web-1'])
    expect(readdirSync(join(folder, 'keys'))).toEqual(['alerter_web-1.nk'])
  })

  it('follow the seeds that are there when the list was lost', () => {
    const folder = newFolder()
    const seed = new UserStore(folder).localSeed(collector)
    rmSync(join(folder, 'users.json'))
    const store = new UserStore(folder)
    expect(store.localSeed(collector)).toBe(seed)
    expect(store.users).toHaveLength(1)
  })

  it('survive a crash while they were written', () => {
    const folder = newFolder()
    const seed = new UserStore(folder).localSeed(collector)
    writeFileSync(join(folder, 'users.json.new'), '{"schema_')
    const store = new UserStore(folder)
    expect(store.localSeed(collector)).toBe(seed)
    store.operator()
    expect(new UserStore(folder).users).toHaveLength(2)
  })

  it.each([
    ['a list that is damaged', 'users.json', '{', 'bad_users_file'],
    ['a list of another version', 'users.json', '{"schema_version":2,"users":[]}', 'bad_users_file'],
    ['a seed that is damaged', 'keys/collector_db1_2eexample_2ecom.nk', 'SUAB', 'bad_seed'],
  ])('say what to do about %s', (_name, file, content, code) => {
    const folder = newFolder()
    mkdirSync(join(folder, 'keys'), { recursive: true })
    writeFileSync(join(folder, file), content)
    const open = () => new UserStore(folder).localSeed(collector)
    expect(open).toThrow(expect.objectContaining({ code, message: expect.stringContaining(folder) }))
  })
})
