import { ContractError } from '../errors.ts'
import { accountId, doors, jetStreamApi, mappedApi, zoneOfRole, zones, type Door, type Zone } from './accounts.ts'
import type { Grants } from './grants.ts'
import { permissionsFor } from './subjects-for.ts'
import type { NatsUser } from './users.ts'

/**
 * The users of a namespace with their rights, as the `accounts` block of a nats-server configuration, for an `include`. Holds public keys
 * and the operator's password, so the file must be private. Works from nats-server 2.9.10 on.
 */
export function renderAccounts(users: readonly NatsUser[], namespace: string): string {
  const all = doors(namespace, users)
  return `accounts {\n${zones.map((zone) => renderAccount(zone, users, all, namespace)).join('')}}\n`
}

function renderAccount(zone: Zone, users: readonly NatsUser[], all: readonly Door[], namespace: string): string {
  const members = users.filter((user) => zoneOfRole(user.service) === zone)
  const open = all.filter((door) => door.to === zone)
  const used = all.filter((door) => door.from === zone)
  const sections = [
    zone === 'core' ? '    jetstream: enabled\n' : `    mappings: { ${quote(`${jetStreamApi}.>`)}: ${quote(`${mappedApi}.>`)} }\n`,
    renderList(
      'users',
      members.map((user) => renderUser(user, zone, users, namespace)),
    ),
    renderList(
      'exports',
      exportsOf(open).map(({ subject, kind, from }) => renderExport(subject, kind, from, namespace)),
    ),
    renderList(
      'imports',
      used.map((door) => renderImport(door, namespace)),
    ),
  ]
  return `  ${quote(accountId(zone, namespace))} {\n${sections.join('')}  }\n`
}

function renderUser(user: NatsUser, zone: Zone, users: readonly NatsUser[], namespace: string): string {
  const grants = permissionsFor(user, namespace, users)
  const login =
    user.login.kind === 'nkey'
      ? `nkey: ${quote(user.login.publicKey)}`
      : `user: ${quote(user.name)}, password: ${quote(user.login.password)}`
  return `{ ${login}, permissions: ${renderGrants(grants, zone)} }`
}

function renderGrants(grants: Grants, zone: Zone): string {
  const list = (subjects: readonly string[]): string =>
    `[${subjects.map((subject) => `\n        ${quote(zone === 'core' ? subject : mapped(subject))}`).join(',')}\n      ]`
  const deny = grants.denyPublish === undefined ? '' : `, deny: ${list(grants.denyPublish)}`
  return `{\n      publish: { allow: ${list(grants.publish)}${deny} }\n      subscribe: { allow: ${list(grants.subscribe)} }\n    }`
}

/** One export for each subject, to all the accounts that come in by it. */
function exportsOf(open: readonly Door[]): { subject: string; kind: Door['kind']; from: Zone[] }[] {
  const subjects = Map.groupBy(open, (door) => door.subject)
  return [...subjects].map(([subject, same]) => ({ subject, kind: same[0]?.kind ?? 'answer', from: same.map((door) => door.from) }))
}

function renderExport(subject: string, kind: Door['kind'], from: readonly Zone[], namespace: string): string {
  const accounts = from.map((zone) => quote(accountId(zone, namespace))).join(', ')
  if (kind === 'messages') return `{ stream: ${quote(subject)}, accounts: [${accounts}] }`
  return `{ service: ${quote(subject)}, ${kind === 'answers' ? 'response: stream, ' : ''}accounts: [${accounts}] }`
}

function renderImport(door: Door, namespace: string): string {
  const source = `{ account: ${quote(accountId(door.to, namespace))}, subject: ${quote(door.subject)} }`
  if (door.kind === 'messages') return `{ stream: ${source} }`
  const local = door.from === 'core' ? door.subject : mapped(door.subject)
  return `{ service: ${source}${local === door.subject ? '' : `, to: ${quote(local)}`} }`
}

function renderList(name: string, entries: readonly string[]): string {
  return entries.length === 0 ? '' : `    ${name}: [${entries.map((entry) => `\n    ${entry}`).join(',')}\n    ]\n`
}

function mapped(subject: string): string {
  return subject.startsWith(`${jetStreamApi}.`) ? mappedApi + subject.slice(jetStreamApi.length) : subject
}

/** A string that the server's configuration language reads as it is. Nothing we write needs what it has no safe form for. */
function quote(text: string): string {
  if (!/^[\x20-\x7e]{1,1024}$/.test(text))
    throw new ContractError('unquotable', 'a value for the server configuration must be printable ASCII')
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
