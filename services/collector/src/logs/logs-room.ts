import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { SelfMetrics } from '@nightshift/shared/service/service'
import { describeError, NightshiftError } from '@nightshift/shared/errors'
import { isoTime } from '@nightshift/shared/clock'
import type { CollectorConfig } from '../config.ts'
import type { LogConfig } from '../config/logs.ts'
import type { Room, RoomContext } from '../rooms/room.ts'
import { LogPipe } from './log-pipe.ts'
import { NoticePublisher } from './notice-publisher.ts'
import { readPosition, type Position } from './positions/position-file.ts'
import { PositionKeeper } from './positions/position-keeper.ts'
import type { Analyzer, AnalyzerContext } from './record.ts'
import type { ShipCounts } from './ship/destination.ts'
import { openDestinations } from './ship/open-destinations.ts'
import { Shipper } from './ship/shipper.ts'
import { noCounts, type LineCounts } from './sources/log-source.ts'
import { kindOf, openSource } from './sources/open-source.ts'

export type OpenAnalyzer = (config: LogConfig, context: AnalyzerContext) => Analyzer

/** Every log that the config names, each on its own. */
export class LogsRoom implements Room {
  readonly #context: RoomContext
  readonly #openAnalyzer: OpenAnalyzer
  readonly #pipes = new Map<string, { options: unknown; pipe: LogPipe }>()

  constructor(context: RoomContext, openAnalyzer: OpenAnalyzer) {
    this.#context = context
    this.#openAnalyzer = openAnalyzer
  }

  async apply(config: CollectorConfig): Promise<void> {
    for (const [name, { pipe }] of this.#pipes) {
      if (Object.hasOwn(config.logs, name)) continue
      this.#pipes.delete(name)
      await pipe.stop()
    }
    for (const [name, log] of Object.entries(config.logs)) await this.#applyOne(name, log, log.every ?? config.slow_every)
  }

  self(): SelfMetrics {
    const pipes = [...this.#pipes.values()].map(({ pipe }) => pipe)
    const count = (name: keyof LineCounts): number => pipes.reduce((sum, { source }) => sum + source.counts[name], 0)
    const destinations = pipes.flatMap((pipe) => pipe.destinations)
    const shipCount = (name: keyof ShipCounts): number => destinations.reduce((sum, { counts }) => sum + counts[name], 0)
    return {
      logs: pipes.length,
      logs_stuck: pipes.filter((pipe) => pipe.isStuck).length,
      log_lines_total: count('lines'),
      log_bytes_total: count('bytes'),
      log_files: pipes.reduce((sum, { source }) => sum + source.standing().files, 0),
      log_unread_bytes: pipes.reduce((sum, { source }) => sum + (source.standing().unreadBytes ?? 0), 0),
      log_files_lost_total: count('lostFiles'),
      ...(destinations.length === 0
        ? {}
        : {
            log_shipped_total: shipCount('shipped'),
            log_ship_rejected_total: shipCount('rejected'),
            log_ship_dropped_total: shipCount('dropped'),
          }),
    }
  }

  async stop(): Promise<void> {
    const pipes = [...this.#pipes.values()]
    this.#pipes.clear()
    await Promise.all(pipes.map(({ pipe }) => pipe.stop()))
  }

  async #applyOne(name: string, config: LogConfig, everyMs: number): Promise<void> {
    const { every: _, ...options } = config
    const known = this.#pipes.get(name)
    if (known !== undefined && isDeepStrictEqual(known.options, options)) {
      known.pipe.everyMs = everyMs
      return
    }
    this.#pipes.delete(name)
    await known?.pipe.stop()
    this.#pipes.set(name, { options, pipe: await this.#open(name, config, everyMs) })
  }

  async #open(name: string, config: LogConfig, everyMs: number): Promise<LogPipe> {
    const { bus, clock, host, log, origin, stateDir } = this.#context
    const path = join(stateDir, 'logs', `${name}.json`)
    const kind = kindOf(config)
    const position = await this.#readPosition(name, path, kind)
    const ship = config.ship === undefined ? null : config.ship.min_level === undefined ? {} : { minLevel: config.ship.min_level }
    const analyzer = this.#openAnalyzer(config, { clock, log, source: name, ship, saved: position?.analysis })
    const source = await openSource(config, { host, clock, log, counts: position?.counts ?? noCounts(), saved: position?.source })
    const destinations = await openDestinations(config.ship, { bus, origin, source: name, clock, log, host })
    const shipper = destinations.length === 0 ? undefined : new Shipper({ analyzer, destinations, origin, source: name })
    return new LogPipe({
      name,
      everyMs,
      source,
      analyzer,
      keeper: new PositionKeeper({ path, kind, source, analyzer, shipper, clock, log }),
      notices: new NoticePublisher({ bus, origin, clock, log, source: name }),
      shipper,
      destinations,
      clock,
      log,
      publish: (reading, epochMs, intervalSeconds) => this.#context.publishMetrics(`log_${name}`, reading, epochMs, intervalSeconds),
    })
  }

  async #readPosition(name: string, path: string, kind: string): Promise<Position | undefined> {
    const { log } = this.#context
    try {
      const position = await readPosition(path)
      if (position === undefined || position.kind !== kind) return undefined
      if (!position.isLast) {
        log.warn(
          { log: name, saved_time: isoTime(position.savedMs) },
          `the last run did not stop in order: what it read of log ${name} after this time is read again; the numbers go on from there, and what it shipped or said since may come twice, with the same id`,
        )
      }
      return position
    } catch (error) {
      // Of a newer version: going on would lose what that one knows.
      if (error instanceof NightshiftError && error.code === 'newer_state') throw error
      log.error({ log: name, error: describeError(error) }, `the position in log ${name} is lost; it is read as if seen for the first time`)
      return undefined
    }
  }
}
