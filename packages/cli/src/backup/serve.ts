import { once } from 'node:events'
import { startRestServer } from '@nightshift/backup/rest-server/rest-server'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags, readPort } from '../commands/command.ts'
import { localFlags, openLocalBackup } from './local-backup.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup serve --to DESTINATION [--port N] [--config FILE]
  serves a repository to restic on this host, wherever it lies, until Ctrl-C; restic can read, not write`

/** Lets plain restic read what lies where it cannot go by itself. */
export const serve: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { ...localFlags, to: { type: 'string' }, port: { type: 'string' } } })
    const port = readPort('--port', values.port)
    const local = await openLocalBackup(values, terminal)
    if (values.to === undefined) throw new ConfigError('usage', `say which: --to ${local.destinations.names.join(' | ')}\nusage: ${usage}`)
    const store = await local.destinations.openStore(values.to)
    try {
      const server = await startRestServer(store, port === undefined ? {} : { port })
      try {
        terminal.out(`restic -r rest:${server.url} --no-lock snapshots`)
        terminal.err('restic asks for the password of the repository; Ctrl-C here ends the service')
        if (!local.signal.aborted) await once(local.signal, 'abort')
      } finally {
        await server.close()
      }
    } finally {
      await store.close()
    }
    return 0
  },
}
