import { isDeepStrictEqual } from 'node:util'
import { isoTime } from '@nightshift/shared/clock'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { SelfMetrics } from '@nightshift/shared/service/service'
import { nextTick } from '../cadence.ts'
import type { CollectorConfig } from '../config.ts'
import type { Room, RoomContext } from '../rooms/room.ts'
import { MetricFileWriter } from './metric-file-writer.ts'
import { textLine, type Usage } from './text-line.ts'
import { UsageLog } from './usage-log.ts'

/** What was last heard of longer ago is not known, however often a line is written. */
const shortestMaxAgeMs = 120_000

type Options = NonNullable<CollectorConfig['metric_file']>

interface Running {
  readonly options: Options
  readonly writer: MetricFileWriter
  /** Takes no more metrics and begins no more lines. */
  end(): void
}

/** Writes what goes on the bus as metrics to a file of this host too. */
export class MetricFileRoom implements Room {
  readonly #context: RoomContext
  #running: Running | undefined

  constructor(context: RoomContext) {
    this.#context = context
  }

  async apply({ metric_file: options }: CollectorConfig): Promise<void> {
    if (options === undefined || isDeepStrictEqual(options, this.#running?.options)) return
    await this.stop()
    const { path, max_bytes: maxBytes, keep } = options
    const writer = new MetricFileWriter({ path, maxBytes, keep }, this.#context.log)
    const end = options.format === 'text' ? this.#writeText(writer, options.every) : this.#writeEvents(writer, options.groups)
    this.#running = { options, writer, end }
  }

  self(): SelfMetrics {
    const stats = this.#running?.writer.stats
    if (stats === undefined) return {}
    return {
      metric_file_lines_total: stats.lines,
      metric_file_bytes_total: stats.bytes,
      metric_file_dropped_total: stats.dropped,
      metric_file_errors_total: stats.errors,
    }
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.end()
    await running?.writer.stop()
  }

  #writeEvents(writer: MetricFileWriter, groups: Options['groups']): () => void {
    const wanted = groups === 'every' ? undefined : new Set(groups)
    return this.#context.onMetric((event: MetricEvent) => {
      if (wanted === undefined || wanted.has(event.group)) writer.add(`${JSON.stringify(event)}\n`)
    })
  }

  /** A line on every point of the grid once something is known; the first as soon as all three are. */
  #writeText(writer: MetricFileWriter, everyMs: number): () => void {
    const { clock } = this.#context
    const log = new UsageLog(Math.max(shortestMaxAgeMs, 2 * everyMs))
    let hasBegun = false
    const originMs = clock.monotonicMs()
    let dueMs = originMs
    let timer: NodeJS.Timeout | undefined
    const write = (usage: Usage): void => {
      hasBegun = true
      writer.add(textLine(isoTime(clock.now()), usage))
    }
    const arm = (): void => {
      dueMs = nextTick(originMs, everyMs, dueMs, clock.monotonicMs()).dueMs
      timer = setTimeout(
        () => {
          const usage = log.at(clock.monotonicMs())
          if (Object.values(usage).some((ratio) => ratio !== null)) write(usage)
          arm()
        },
        Math.max(0, Math.ceil(dueMs - clock.monotonicMs())),
      )
    }
    arm()
    const endListening = this.#context.onMetric((event) => {
      log.note(event, clock.monotonicMs())
      if (hasBegun) return
      const usage = log.at(clock.monotonicMs())
      if (Object.values(usage).every((ratio) => ratio !== null)) write(usage)
    })
    return () => {
      clearTimeout(timer)
      endListening()
    }
  }
}
