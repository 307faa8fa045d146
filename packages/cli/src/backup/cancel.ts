import { ConfigError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import type { Verb } from './verb.ts'

const usage = 'nightshift backup cancel JOB [--host NAME] [--data DIR | --nats URL]'

/** Ends a run that waits or is under way; answers 1 when there was none. What it stored so far is used by the next one. */
export const cancel: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options: askFlags })
    const [job, ...rest] = positionals
    if (job === undefined || rest.length > 0) throw new ConfigError('usage', `say which job\nusage: ${usage}`)
    const request = { job, actor: actorOf(terminal) }
    const { cancelled } = await askBackup(values, terminal, async ({ ask }) => await ask<{ cancelled: boolean }>('cancel', request))
    terminal.out(cancelled ? `${job}: the run is ended` : `${job}: no run of it waits or is under way`)
    return cancelled ? 0 : 1
  },
}
