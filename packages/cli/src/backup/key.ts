import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { weaknessOf } from '@nightshift/backup/config/password'
import { addKey, listKeys, removeKey, rotateKey } from '@nightshift/backup/repository/keys'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup, withDestination } from './local-backup.ts'
import { tableLines } from './table.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup key list [--to DESTINATION] [--config FILE]
       nightshift backup key add --new-password-file FILE [--to DESTINATION] [--config FILE]
       nightshift backup key rotate --new-password-file FILE [--to DESTINATION] [--config FILE]
       nightshift backup key remove ID --to DESTINATION [--config FILE]
  rotate puts a new password in the place of the present one; then set backup.password_file to the new file`

/** The passwords that open a repository. */
export const key: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = { ...localFlags, to: { type: 'string' }, 'new-password-file': { type: 'string' } } as const
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [what, id, ...rest] = positionals
    const isKnown = what === 'list' || what === 'add' || what === 'rotate' || what === 'remove'
    if (!isKnown || rest.length > 0 || (id === undefined) === (what === 'remove')) throw new ConfigError('usage', `usage: ${usage}`)
    if (what === 'remove' && values.to === undefined) throw new ConfigError('usage', `say where: --to DESTINATION\nusage: ${usage}`)
    const local = await openLocalBackup(values, terminal)
    const password = what === 'add' || what === 'rotate' ? await readPassword(values['new-password-file']) : ''
    const owner = { password, host: local.host, username: userInfo().username, nowMs: local.clock.now() }
    for (const name of chosenDestinations(local, values.to)) {
      await withDestination(local, name, async ({ repository }) => {
        if (what === 'list') {
          const rows = (await listKeys(repository, local.signal)).map((entry) => [
            name,
            entry.keyId.slice(0, 16),
            entry.createdAt.slice(0, 16),
            `${entry.username}@${entry.host}`,
            entry.keyId === repository.keyId ? 'in use' : '',
          ])
          for (const line of tableLines([{ title: 'IN' }, { title: 'KEY' }, { title: 'MADE' }, { title: 'BY' }, { title: '' }], rows))
            terminal.out(line)
        } else if (what === 'add') terminal.out(`${name}: added key ${(await addKey(repository, owner, local.signal)).slice(0, 16)}`)
        else if (what === 'rotate')
          terminal.out(
            `${name}: the key is now ${(await rotateKey(repository, owner, local.signal)).slice(0, 16)}; the password before opens nothing any more`,
          )
        else terminal.out(`${name}: removed key ${await removeByPrefix(repository, id ?? '', local.signal)}`)
      })
    }
    if (what === 'rotate') terminal.out('now set backup.password_file to the new file, on every host that uses these repositories')
    return 0
  },
}

async function removeByPrefix(repository: Parameters<typeof listKeys>[0], prefix: string, signal: AbortSignal): Promise<string> {
  const found = (await listKeys(repository, signal)).filter(({ keyId }) => keyId.startsWith(prefix))
  const [first, ...others] = found
  if (first === undefined || others.length > 0)
    throw new ConfigError('key_unknown', `${prefix} begins the ids of ${found.length} keys; nightshift backup key list shows them`)
  await removeKey(repository, first.keyId, signal)
  return first.keyId.slice(0, 16)
}

/** From a file, as arguments are seen by everybody on the host. */
async function readPassword(file: string | undefined): Promise<string> {
  if (file === undefined)
    throw new ConfigError('usage', `name a file that holds the new password: --new-password-file FILE\nusage: ${usage}`)
  const password = await readFile(file, 'utf8').then(
    (text) => text.replace(/\r?\n$/, ''),
    (cause: unknown) => {
      throw new ConfigError('password_unreadable', `${file} cannot be read`, { cause })
    },
  )
  const weakness = weaknessOf(password)
  if (weakness !== undefined)
    throw new ConfigError('weak_password', `the password in ${file} ${weakness}; make one with \`openssl rand -base64 32\``)
  return password
}
