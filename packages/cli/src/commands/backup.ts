import { ConfigError } from '@nightshift/shared/errors'
import { verbs } from '../backup/verbs.ts'
import type { Command } from './command.ts'

const width = Math.max(...verbs.map(({ name }) => name.length))
const usage = `nightshift backup VERB ...
${verbs.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}
nightshift backup VERB --help shows its flags.`

/** Backs up, looks at what there is, and keeps the repositories in order. */
export const backup: Command = {
  usage,
  hasVerbs: true,
  run: async ([name, ...args], terminal) => {
    const entry = verbs.find((verb) => verb.name === name)
    if (entry === undefined)
      throw new ConfigError('usage', `${name === undefined ? 'say what to do' : `there is no backup ${name}`}\nusage: ${usage}`)
    const verb = await entry.load()
    if (!args.includes('--help')) return await verb.run(args, terminal)
    terminal.out(`${entry.summary}\nusage: ${verb.usage}`)
    return 0
  },
}
