import { onTestFinished } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { collectorConfigSchema } from '../../../src/config.ts'
import { noCounts, type LogSource } from '../../../src/logs/sources/log-source.ts'
import { openSource } from '../../../src/logs/sources/open-source.ts'
import { keptLog } from '../../kept-log.ts'
import { KeptLines } from '../tail/kept-lines.ts'

export interface OpenedSource {
  readonly source: LogSource
  readonly said: string[]
  readonly sink: KeptLines
  /** Lines with the labels of where they come from. */
  readonly labelled: () => Record<string, string>[]
}

/** A source, opened from the config as a person writes it. */
export async function openTestSource(log: object, saved?: unknown): Promise<OpenedSource> {
  const config = collectorConfigSchema.parse({ logs: { test: log } }).logs['test']
  if (config === undefined) throw new Error('no log')
  const { log: kept, lines: said } = keptLog()
  const host = { proc: '/proc', sys: '/sys', root: '/' }
  const source = await openSource(config, { host, clock: systemClock, log: kept, counts: noCounts(), saved })
  onTestFinished(() => source.close())
  const sink = new KeptLines()
  const labels: Readonly<Record<string, string>>[] = []
  const take = sink.take.bind(sink)
  sink.take = (chunk, receivedMs, origin, offset) => {
    take(chunk, receivedMs, origin, offset)
    while (labels.length < sink.lines.length) labels.push(origin.labels)
  }
  return { source, said, sink, labelled: () => sink.lines.map((line, index) => ({ line, ...labels[index] })) }
}
