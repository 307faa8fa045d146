import { userInfo } from 'node:os'
import { Repository } from '@nightshift/backup/repository/repository'
import { isoTime } from '@nightshift/shared/clock'
import { ConfigError, NightshiftError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup, type LocalBackup } from './local-backup.ts'
import { bytesText } from './quantities.ts'
import { recoveryKit, type KitEntry } from './recovery-kit.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup init [--to DESTINATION] [--config FILE] [--data DIR | --nats URL]
  makes the repositories that are not there yet, and prints the recovery kit
  --data, --nats  the bus of an object store (kind: nats): of an \`up\` on this host, or with the login of an admin in the URL`

/** Makes the repositories of the configuration. Those of one host cut files in the same places, so that copies share what they have. */
export const init: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { ...localFlags, to: { type: 'string' } } })
    const local = await openLocalBackup(values, terminal, 'admin')
    const entries: KitEntry[] = []
    const wanted = chosenDestinations(local, values.to)
    let polynomial = await knownPolynomial(local)
    for (const name of wanted) {
      const { repository, isNew } = await openOrCreate(local, name, polynomial)
      try {
        polynomial ??= repository.polynomial
        terminal.out(`${name}: ${isNew ? 'made' : 'was there already'}, ${repository.store.description}`)
        entries.push({ name, id: repository.id, config: local.destinations.config(name) })
      } finally {
        await repository.close()
        await repository.store.close()
      }
    }
    terminal.out('')
    terminal.out(recoveryKit(local.host, Object.keys(local.config.jobs), entries, isoTime(local.clock.now())))
    return 0
  },
}

async function openOrCreate(
  local: LocalBackup,
  name: string,
  polynomial: bigint | undefined,
): Promise<{ repository: Repository; isNew: boolean }> {
  const store = await local.destinations.openStore(name)
  const password = local.destinations.passwordOf(name)
  try {
    return { repository: await Repository.open(store, { password, signal: local.signal }), isNew: false }
  } catch (error) {
    if (!(error instanceof NightshiftError) || !isAbsent(error)) {
      await store.close()
      throw error
    }
  }
  try {
    const owner = { password, host: local.host, username: userInfo().username, nowMs: local.clock.now() }
    return { repository: await Repository.create(store, { ...owner, ...(polynomial === undefined ? {} : { polynomial }) }), isNew: true }
  } catch (error) {
    await store.close()
    const config = local.destinations.config(name)
    if (config.kind !== 'nats' || !(error instanceof NightshiftError) || error.code !== 'store_full') throw error
    const message = `${name}: the broker cannot set aside ${bytesText(config.max_bytes)} for the object store ${config.bucket}: lower max_bytes of this destination (that of \`nightshift up\` has 200 MiB to give), or raise max_file_store of nats-server`
    throw new ConfigError('no_room', message, { cause: error })
  }
}

/** There is no repository yet, or not even the folder for it. */
function isAbsent({ code }: NightshiftError): boolean {
  return code === 'no_repository' || code === 'store_not_found'
}

/** How the repositories that are there cut files. */
async function knownPolynomial(local: LocalBackup): Promise<bigint | undefined> {
  for (const name of local.destinations.names) {
    try {
      const open = await local.destinations.open(name, local.signal)
      const { polynomial } = open.repository
      await open.close()
      return polynomial
    } catch (error) {
      local.signal.throwIfAborted()
      if (!(error instanceof NightshiftError)) throw error
    }
  }
  return undefined
}
