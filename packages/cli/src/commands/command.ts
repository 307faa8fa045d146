import { parseArgs, type ParseArgsConfig } from 'node:util'
import { ConfigError } from '@nightshift/shared/errors'

/** Where a command reads from and writes to; a test hands over its own. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly isTty: boolean
  readonly columns: number
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Shows one line in the place of the last one; '' takes it away. Absent where nobody watches. */
  readonly status?: (text: string) => void
}

/** One word after `nightshift`. One file each; listed in registry.ts. */
export interface Command {
  /** Flags and arguments, as `--help` prints them. */
  readonly usage: string
  /** Its first argument is a word with flags, and a help, of its own. */
  readonly hasVerbs?: boolean
  /** Exit code: 0 done, 1 the answer is no (a bad file, an unhealthy fleet), 2 the call is wrong. */
  run(args: string[], terminal: Terminal): Promise<number>
}

/** Flags of a command; a wrong one throws ConfigError `usage` that shows how to call it. */
export function readFlags<const T extends ParseArgsConfig>(command: Pick<Command, 'usage'>, config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (cause) {
    throw new ConfigError('usage', `${cause instanceof Error ? cause.message.split('. ')[0] : String(cause)}\nusage: ${command.usage}`, {
      cause,
    })
  }
}

/** A port number of a flag. Throws ConfigError `usage`. */
export function readPort(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const port = Number(value)
  if (!/^\d{1,5}$/.test(value) || port > 65_535)
    throw new ConfigError('usage', `${flag} ${value}: a port is a number from 0 to 65535; 0 means any free one`)
  return port
}
