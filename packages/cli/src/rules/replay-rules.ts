import { resolve } from 'node:path'
import { isoTime } from '@nightshift/shared/clock'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { ConfigError } from '@nightshift/shared/errors'
import { parseSubject } from '@nightshift/shared/subjects'
import type { Recorded } from '@nightshift/alerter/simulate/memory-bus'
import { replay, type ReplayResult } from '@nightshift/alerter/simulate/replay'
import type { Terminal } from '../commands/command.ts'
import { readWhen } from '../commands/time-flags.ts'
import { findConfigFile } from '../config/open-config.ts'
import { connectOperator } from '../operator/connect-operator.ts'
import { maxReplayBytes, readRecording } from '../record/read-recording.ts'
import { readStream } from '../operator/read-stream.ts'
import { openSimulationConfig } from './simulation-config.ts'

export interface ReplayFlags {
  readonly config?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly json: boolean
  readonly data?: string | undefined
  readonly nats?: string | undefined
}

/** Shows what the rules of a configuration would have done: on a recording, or on what the streams still hold. */
export async function replayRules(file: string | undefined, flags: ReplayFlags, terminal: Terminal): Promise<number> {
  const nowMs = Date.now()
  const { base, config } = await openSimulationConfig(findConfigFile(flags.config, terminal.cwd), terminal)
  const toMs = flags.to === undefined ? undefined : readWhen('--to', flags.to, nowMs)
  const fromMs = flags.from === undefined ? undefined : readWhen('--from', flags.from, nowMs)
  let messages: readonly Recorded[]
  if (file === undefined) {
    if (fromMs === undefined) throw new ConfigError('usage', 'say from when: --from 6h, or name a recording')
    messages = await readBus(flags, { fromMs, toMs: toMs ?? nowMs }, terminal)
  } else {
    const recording = await readRecording(resolve(terminal.cwd, file))
    if (recording.skipped > 0) terminal.err(`${recording.skipped} lines of ${file} are none of a recording and were passed over`)
    ;({ messages } = recording)
  }
  const range = { fromMs: fromMs ?? messages[0]?.receivedMs ?? nowMs, toMs: toMs ?? messages.at(-1)?.receivedMs ?? nowMs }
  const result = await replay({ base, config, messages, ...range })
  if (flags.json) terminal.out(JSON.stringify(result))
  else for (const line of describe(result)) terminal.out(line)
  for (const problem of result.problems.slice(0, 10)) terminal.err(problem)
  return result.messages === 0 ? 1 : 0
}

async function readBus(
  flags: ReplayFlags,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  terminal: Terminal,
): Promise<readonly Recorded[]> {
  const connection = await connectOperator(flags, terminal)
  const messages: Recorded[] = []
  let sizeBytes = 0
  const take = (message: Recorded): boolean => {
    sizeBytes += message.data.byteLength
    if (sizeBytes > maxReplayBytes) throw new ConfigError('usage', 'the streams hold more than 1 GiB in that time; give a later --from')
    messages.push(message)
    return true
  }
  /** Of what was before, only what each check and host is in counts. */
  const takeEvent = (message: Recorded): boolean => {
    const kind = parseSubject(message.subject)?.kind
    return message.receivedMs >= fromMs || kind === 'health' || kind === 'change' ? take(message) : true
  }
  try {
    await readStream(connection, { stream: 'METRICS', fromMs, untilMs: toMs, isLive: false, onMessage: take })
    await readStream(connection, { stream: 'EVENTS', fromMs: 0, untilMs: toMs, isLive: false, onMessage: takeEvent })
  } finally {
    await connection.close()
  }
  return messages.toSorted((a, b) => a.receivedMs - b.receivedMs)
}

function describe({ messages, fromMs, toMs, rules, channels }: ReplayResult): string[] {
  const head = `${messages} messages from ${isoTime(fromMs)} to ${isoTime(toMs)} (${formatDuration(toMs - fromMs)})`
  const total = Object.values(channels).reduce((sum, count) => sum + count, 0)
  const verdict =
    total === 0
      ? 'would have told nobody'
      : `would have told ${total} time${total === 1 ? '' : 's'}: ${Object.entries(channels)
          .map(([name, count]) => `${name} ${count}`)
          .join(', ')}`
  if (rules.length === 0) return [head, 'no rule fired', verdict]
  const rows = [
    ['rule', 'fired', 'hosts', 'told', 'untold', 'longest', 'still firing'],
    ...rules.map(({ rule, fired, hosts, told, untold, longestMs, firingAtEnd }) => [
      rule,
      String(fired),
      String(hosts),
      String(told),
      String(untold),
      formatDuration(longestMs),
      String(firingAtEnd),
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  )
  return [head, ...lines, verdict]
}
