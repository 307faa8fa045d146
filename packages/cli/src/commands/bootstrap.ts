import { bootstrap as ensureStreams } from '@nightshift/shared/bus/bootstrap'
import { dial } from '@nightshift/shared/bus/connect'
import { newId } from '@nightshift/shared/ids'
import { findConfigFile, openConfig } from '../config/open-config.ts'
import { version } from '../version.ts'
import { readFlags, type Command } from './command.ts'
import { describeBootstrap } from '../status/describe-bootstrap.ts'

const usage = `nightshift bootstrap [--config FILE] [--json]
  Connects as nats: in FILE says; that user must be an admin of the account. May be run again at any time.`

/** Creates or updates every stream and bucket of the NATS that the configuration names. */
export const bootstrap: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { config: { type: 'string' }, json: { type: 'boolean', default: false } } })
    const { base } = await openConfig(findConfigFile(values.config, terminal.cwd), terminal)
    const connection = await dial({
      ...base.nats,
      service: 'admin',
      host: 'cli',
      instance: newId(Date.now()),
      version,
      namespace: base.namespace,
      spoolDir: null,
      needs: { streams: [], buckets: [] },
    })
    try {
      const results = await ensureStreams(connection, base.streams, base.namespace)
      if (values.json) terminal.out(JSON.stringify(results))
      else describeBootstrap(results).forEach((line) => terminal.out(line))
      return 0
    } finally {
      await connection.close()
    }
  },
}
