import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createUser, fromSeed } from '@nats-io/nkeys'
import { ConfigError } from '../errors.ts'
import { encodeToken } from '../host-token.ts'
import type { UserIdentity } from './subjects-for.ts'

/** Somebody who may log in to the broker. */
export interface NatsUser extends UserIdentity {
  /** `collector@web-1`, `operator`, `admin` */
  name: string
  /** The server knows only the public half of an nkey. The operator has a password, because it has to fit into a URL. */
  login: { kind: 'nkey'; publicKey: string } | { kind: 'password'; password: string }
}

interface UsersFile {
  schema_version: 1
  users: NatsUser[]
}

const passwordBytes = 32

export function userName({ service, host }: UserIdentity): string {
  return host === null ? service : `${service}@${host}`
}

/**
 * The users of an embedded broker, in one private folder: `users.json` for the server, which holds no seed, and a seed for each service that
 * runs here in `keys/`. The seed of a service on another host is handed out once and not kept.
 */
export class UserStore {
  readonly #folder: string
  readonly #file: string
  #users: NatsUser[]

  constructor(folder: string) {
    this.#folder = folder
    this.#file = join(folder, 'users.json')
    mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    chmodSync(join(folder, 'keys'), 0o700)
    this.#users = existsSync(this.#file) ? readUsers(this.#file) : []
  }

  get users(): readonly NatsUser[] {
    return this.#users
  }

  /** The seed of a user that logs in from here; made, with the user, when there is none yet. */
  localSeed(identity: UserIdentity): string {
    const path = this.#seedPath(identity)
    if (!existsSync(path)) return this.#create(identity, path)
    const seed = readFileSync(path, 'utf8').trim()
    const publicKey = publicKeyOf(seed, path)
    if (this.#find(identity)?.login.kind !== 'nkey' || publicKey !== publicLogin(this.#find(identity))) {
      this.#put({ ...identity, name: userName(identity), login: { kind: 'nkey', publicKey } })
    }
    return seed
  }

  /** Makes a user for a service on another host, in place of an earlier one, whose seed is worth nothing from then on. */
  invite(identity: UserIdentity): string {
    rmSync(this.#seedPath(identity), { force: true })
    return this.#create(identity)
  }

  /** The operator with its password; made when there is none yet. */
  operator(): { user: string; password: string } {
    const present = this.#find({ service: 'operator', host: null })
    if (present?.login.kind === 'password') return { user: present.name, password: present.login.password }
    const password = randomBytes(passwordBytes).toString('base64url')
    this.#put({ service: 'operator', host: null, name: 'operator', login: { kind: 'password', password } })
    return { user: 'operator', password }
  }

  /** Takes all users of a host away; how many there were. The server must read its configuration again. */
  removeHost(host: string): number {
    const gone = this.#users.filter((user) => user.host === host)
    for (const user of gone) rmSync(this.#seedPath(user), { force: true })
    if (gone.length > 0) this.#save(this.#users.filter((user) => user.host !== host))
    return gone.length
  }

  #create(identity: UserIdentity, seedPath?: string): string {
    const pair = createUser()
    const seed = new TextDecoder().decode(pair.getSeed())
    const publicKey = pair.getPublicKey()
    pair.clear()
    if (seedPath !== undefined) writeWhole(seedPath, `${seed}\n`)
    this.#put({ ...identity, name: userName(identity), login: { kind: 'nkey', publicKey } })
    return seed
  }

  #find({ service, host }: UserIdentity): NatsUser | undefined {
    return this.#users.find((user) => user.service === service && user.host === host)
  }

  #put(user: NatsUser): void {
    this.#save([...this.#users.filter((other) => other.service !== user.service || other.host !== user.host), user])
  }

  #save(users: NatsUser[]): void {
    const content: UsersFile = { schema_version: 1, users }
    writeWhole(this.#file, `${JSON.stringify(content, undefined, 2)}\n`)
    this.#users = users
  }

  #seedPath({ service, host }: UserIdentity): string {
    return join(this.#folder, 'keys', `${service}${host === null ? '' : `_${encodeToken(host)}`}.nk`)
  }
}

function publicLogin(user: NatsUser | undefined): string | undefined {
  return user?.login.kind === 'nkey' ? user.login.publicKey : undefined
}

function publicKeyOf(seed: string, path: string): string {
  try {
    return fromSeed(new TextEncoder().encode(seed)).getPublicKey()
  } catch (cause) {
    throw new ConfigError('bad_seed', `${path} holds no seed of a NATS user; remove it, and a new one is made at the next start`, { cause })
  }
}

function readUsers(path: string): NatsUser[] {
  let content: Partial<UsersFile>
  try {
    content = JSON.parse(readFileSync(path, 'utf8')) as Partial<UsersFile>
  } catch (cause) {
    throw new ConfigError(
      'bad_users_file',
      `cannot read the NATS users in ${path}; put a backup of it back, or remove it and add the other hosts again`,
      { cause },
    )
  }
  if (content.schema_version !== 1 || !Array.isArray(content.users)) {
    throw new ConfigError(
      'bad_users_file',
      `${path} was written by another version of nightshift; use that version, or remove the file and add the other hosts again`,
    )
  }
  return content.users
}

/** Whole or not at all, and private from the first byte. */
function writeWhole(path: string, content: string): void {
  const draft = `${path}.new`
  rmSync(draft, { force: true })
  writeFileSync(draft, content, { mode: 0o600, flush: true })
  renameSync(draft, path)
}
