import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { formatSize, parseSize } from '@nightshift/shared/config/scalars'
import { ConfigError } from '@nightshift/shared/errors'
import type { Recorded } from '@nightshift/alerter/simulate/memory-bus'
import { connectOperator, operatorFlags } from '../operator/connect-operator.ts'
import { readStream } from '../operator/read-stream.ts'
import { RecordingFile } from '../record/recording-file.ts'
import { readFlags, type Command } from './command.ts'
import { readDuration } from './time-flags.ts'

const usage = `nightshift record FILE [--for 1h] [--past 6h] [--max-size 256MiB] [--data DIR | --nats URL]
  Writes metrics, checks and events into FILE, one JSON per line, for nightshift rules replay FILE.
  --for   records what comes from now on, for so long; the default is 1h unless --past is given. Ctrl-C ends it earlier
  --past  writes what is in the streams of the last hours, at once`

/** What a person's slip must not fill the disk with. */
const defaultMaxSize = '256MiB'

const options = {
  ...operatorFlags,
  for: { type: 'string' },
  past: { type: 'string' },
  'max-size': { type: 'string', default: defaultMaxSize },
} as const

/** Writes down what happens, so that rules can be tried on it. */
export const record: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [name, ...rest] = positionals
    if (name === undefined || rest.length > 0) throw new ConfigError('usage', `name the file to write\nusage: ${usage}`)
    const file = resolve(terminal.cwd, name)
    if (existsSync(file)) throw new ConfigError('usage', `${name} is there already; name another file`)
    const pastMs = values.past === undefined ? 0 : readDuration('--past', values.past)
    const forMs = values.for === undefined ? (values.past === undefined ? 3_600_000 : 0) : readDuration('--for', values.for)
    const maxBytes = parseSize(values['max-size'])
    if (maxBytes === undefined) throw new ConfigError('usage', `--max-size ${values['max-size']}: write for example 256MiB`)
    const nowMs = Date.now()
    const connection = await connectOperator(values, terminal)
    const stopping = new AbortController()
    const stop = (): void => stopping.abort()
    process.once('SIGINT', stop).once('SIGTERM', stop)
    try {
      const recording = await RecordingFile.create({ path: file, name, maxBytes, onBroken: stop })
      const onMessage = (message: Recorded): boolean => {
        const isTaken = recording.write(message)
        if (!isTaken) stop()
        return isTaken
      }
      const range = { fromMs: nowMs - pastMs, untilMs: nowMs + forMs, isLive: forMs > 0, signal: stopping.signal, onMessage }
      try {
        await Promise.all((['METRICS', 'EVENTS'] as const).map((stream) => readStream(connection, { stream, ...range })))
      } finally {
        await recording.close()
      }
      const { count, sizeBytes, isFull } = recording
      if (isFull) terminal.err(`stopped: the file would be larger than ${values['max-size']}; raise --max-size for more`)
      terminal.out(`${count} messages, ${formatSize(Math.ceil(sizeBytes / 1024) * 1024)}, in ${name}`)
      return count === 0 ? 1 : 0
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      await connection.close()
    }
  },
}
