import type { LogAnalysisConfig } from '../../config/log-analysis.ts'
import type { Reading } from '../../sources/source.ts'
import type { Analyzer, AnalyzerContext, LineOrigin, LogNotice, ShippedLine } from '../record.ts'
import { AuthWatch } from './auth/auth-watch.ts'
import { HeavyHitters } from './clients/heavy-hitters.ts'
import { ErrorGroups } from './errors/error-groups.ts'
import { MessageShape } from './errors/message-shape.ts'
import { fieldsOf, HeldEvent, levelOf } from './held-event.ts'
import { error, info, levels, unknownLevel, warning } from './level.ts'
import { LineRecord, texts } from './line-record.ts'
import { clientAddress } from './masking/address.ts'
import { Masker } from './masking/masker.ts'
import { NoticeDesk } from './notice-desk.ts'
import { Detection, openParsers, type OpenParsers } from './parsers/detection.ts'
import { readingOf } from './reading.ts'
import { addLatency, Endpoints, type Endpoint } from './requests/endpoints.ts'
import { LatencySketch } from './requests/latency-sketch.ts'
import { readSavedAnalysis, type SavedAnalysis } from './saved-analysis.ts'
import { Shipping } from './shipping.ts'
import { roleOf, type LineRole } from './stack/continuation.ts'
import { summarizeStack } from './stack/frames.ts'
import { Tallies, type SavedTallies } from './tallies.ts'

/** So long after its last line an event is complete, whether or not another one came. */
const quietMs = 1000
/** A line that says it comes from the future has a wrong clock or zone. */
const maxAheadMs = 60_000
const latencyError = 0.01
const maxClients = 512
const savedRows = 64
const longestSample = 2048
const longestLine = 65_536
const longestAuthMessage = 1024

/** Lines of one file, container or journal. */
interface OriginState {
  readonly origin: LineOrigin
  readonly detection: Detection
  readonly held: HeldEvent
}

/** Makes the analysis of one log. `journald` tells that its lines are entries of the journal. */
export function openAnalyzer(config: LogAnalysisConfig & { readonly journald?: unknown }, context: AnalyzerContext): Analyzer {
  const isJournal = config.journald !== undefined && config.format === 'auto'
  return new LogAnalyzer(isJournal ? { ...config, format: 'journald' } : config, context)
}

class LogAnalyzer implements Analyzer {
  readonly #config: LogAnalysisConfig
  readonly #context: AnalyzerContext
  readonly #parsers: OpenParsers
  readonly #origins = new Map<LineOrigin, OriginState>()
  readonly #record = new LineRecord()
  readonly #shape = new MessageShape()
  readonly #masker: Masker
  readonly #tallies: Tallies
  readonly #endpoints: Endpoints
  readonly #clients: HeavyHitters
  readonly #auth: AuthWatch
  readonly #groups: ErrorGroups
  readonly #latency = new LatencySketch(latencyError)
  readonly #shipping = new Shipping()
  readonly #notices: NoticeDesk
  readonly #groupFrom: number
  readonly #shipFrom: number
  readonly #slowSeconds: number
  #before: SavedTallies

  constructor(config: LogAnalysisConfig, context: AnalyzerContext) {
    const saved = readSavedAnalysis(context.saved)
    this.#config = config
    this.#context = context
    this.#parsers = openParsers(config)
    this.#masker = new Masker(config.masking)
    this.#tallies = new Tallies(saved?.tallies)
    this.#before = this.#tallies.save()
    this.#endpoints = new Endpoints(saved?.endpoints ?? [])
    this.#clients = new HeavyHitters(maxClients, saved?.clients ?? [])
    this.#auth = new AuthWatch({ failures: config.auth.failures, windowMs: config.auth.window }, saved?.auth ?? [])
    this.#groups = new ErrorGroups(saved?.groups ?? [])
    this.#groupFrom = levels.indexOf(config.group_from)
    this.#shipFrom = context.ship === null ? Infinity : levels.indexOf(context.ship.minLevel ?? 'debug')
    this.#slowSeconds = config.slow_request / 1000
    this.#notices = new NoticeDesk(
      { repeatMs: config.repeat, slowSeconds: this.#slowSeconds, windowSeconds: config.auth.window / 1000 },
      this.#masker,
    )
  }

  take(chunk: Buffer, receivedMs: number, origin: LineOrigin, offset: number): void {
    const state = this.#stateOf(origin)
    for (let start = 0; start < chunk.length;) {
      const feed = chunk.indexOf(0x0a, start)
      if (feed === -1) {
        // Parsers rely on the line feed behind the line.
        const rest = Buffer.concat([chunk.subarray(start), Buffer.from('\n')])
        this.#line(state, rest, 0, rest.length - 1, receivedMs, offset + start)
        return
      }
      this.#line(state, chunk, start, feed > start && chunk[feed - 1] === 0x0d ? feed - 1 : feed, receivedMs, offset + start)
      start = feed + 1
    }
  }

  close(origin: LineOrigin): void {
    const state = this.#origins.get(origin)
    if (state === undefined) return
    this.#finish(state)
    this.#origins.delete(origin)
  }

  read(intervalSeconds: number | null): Reading {
    this.#finishQuiet()
    const reading = readingOf({
      tallies: this.#tallies,
      before: this.#before,
      latency: this.#latency,
      endpoints: this.#endpoints,
      clients: this.#clients,
      auth: this.#auth.hitters,
      groups: this.#groups,
      masker: this.#masker,
      top: this.#config.top,
      intervalSeconds,
    })
    this.#before = this.#tallies.save()
    this.#latency.clear()
    for (const endpoint of this.#endpoints.all()) {
      endpoint.intervalRequests = 0
      endpoint.sketch?.clear()
    }
    return reading
  }

  drainEvents(): LogNotice[] {
    this.#finishQuiet()
    return this.#notices.drain(this.#auth.drain(), this.#groups.groups(), this.#endpoints.all(), this.#context.clock.now())
  }

  drainShipped(max: number): ShippedLine[] {
    this.#finishQuiet()
    return this.#shipping.drain(max, this.#masker)
  }

  openEvents(): number {
    this.#finishQuiet()
    let open = 0
    for (const { held } of this.#origins.values()) if (held.isOpen) open++
    return open
  }

  pendingShipped(): number {
    let open = 0
    for (const { held } of this.#origins.values()) if (held.isOpen && held.shipment !== undefined) open++
    return this.#shipping.size + open
  }

  isFull(): boolean {
    return this.#shipping.isFull
  }

  save(): SavedAnalysis {
    const tallies = this.#tallies.save()
    const masked = this.#masker.maskedTotal
    const endpoints = this.#endpoints.save(savedRows).flatMap((row) => (this.#masker.text(row[0]) === row[0] ? [row] : []))
    this.#masker.maskedTotal = masked
    tallies.totals.masked += masked
    tallies.totals.errorGroupsOverflow += this.#groups.overflowTotal
    tallies.totals.endpointsOverflow += this.#endpoints.overflowTotal
    return {
      v: 1,
      tallies,
      endpoints,
      clients: this.#clients.save(savedRows),
      auth: this.#auth.hitters.save(savedRows),
      groups: this.#groups.save(),
    }
  }

  #stateOf(origin: LineOrigin): OriginState {
    const known = this.#origins.get(origin)
    if (known !== undefined) return known
    const state = { origin, detection: new Detection(this.#parsers), held: new HeldEvent() }
    this.#origins.set(origin, state)
    return state
  }

  #line(state: OriginState, bytes: Buffer, start: number, end: number, receivedMs: number, offset: number): void {
    const { detection, held } = state
    const { totals } = this.#tallies
    totals.lines++
    totals.bytes += end - start + 1
    const role = roleOf(bytes, start, end, held, held.isOpen)
    if (role !== 'event') {
      totals.stackLines++
      this.#attach(state, role, bytes, start, end, receivedMs)
      return
    }
    this.#finish(state)
    const record = this.#record
    if (!detection.fill(bytes, start, end, record, receivedMs)) totals.unparsed++
    record.level = levelOf(record)
    const hasTime = record.timeMs > 0 && record.timeMs <= receivedMs + maxAheadMs
    const timeMs = hasTime ? record.timeMs : receivedMs
    const endpoint = record.status > 0 || record.seconds >= 0 || record.has(texts.path) ? this.#request(record, timeMs) : undefined
    if ((detection.tellsLogins || record.level >= warning) && record.has(texts.message)) this.#login(record, timeMs)
    const isShipped = record.level >= this.#shipFrom || (record.level === unknownLevel && this.#shipFrom <= error)
    if (record.level !== unknownLevel && record.level < this.#groupFrom && !isShipped) {
      this.#tallies.addEvent(record.level, record.level >= error, timeMs)
      return
    }
    held.begin(record, timeMs, receivedMs)
    if (record.isAccess && endpoint !== undefined) held.endpoint = endpoint.name
    if (!isShipped) return
    const line = bytes.toString('utf8', start, Math.min(end, start + longestLine))
    held.shipment = { line, parser: detection.parser, fields: fieldsOf(record), hasTime, receivedMs, offset }
  }

  /** A line of a stack trace. */
  #attach(state: OriginState, role: LineRole, bytes: Buffer, start: number, end: number, receivedMs: number): void {
    const { held } = state
    if (role === 'traceback') {
      if (held.isOpen && held.isTraced) this.#finish(state)
      if (!held.isOpen) held.beginTraceback(receivedMs, receivedMs)
      held.inTraceback = true
    }
    if (!held.isOpen) return
    if (role === 'chain') held.isTraced = false
    if (role === 'exception') {
      held.isTraced = held.inTraceback
      held.inTraceback = false
      if (held.isBare) held.setMessage(bytes, start, end)
    }
    if (start < end) held.attach(bytes, start, end, receivedMs)
  }

  #request(record: LineRecord, timeMs: number): Endpoint | undefined {
    const { responseBytes, seconds, status } = record
    this.#tallies.addRequest(status, responseBytes, timeMs)
    if (record.has(texts.client)) this.#client(record, responseBytes)
    const endpoint = record.has(texts.path) ? this.#endpoints.of(record) : undefined
    if (endpoint !== undefined) {
      endpoint.requests++
      endpoint.intervalRequests++
      endpoint.bytes += responseBytes
      if (status >= 500) endpoint.errors++
    }
    if (!(seconds >= 0)) return endpoint
    this.#latency.add(seconds)
    if (endpoint !== undefined) addLatency(endpoint, seconds)
    if (seconds <= this.#slowSeconds) return endpoint
    this.#tallies.totals.slow++
    if (endpoint === undefined) return undefined
    endpoint.slow++
    endpoint.unsaidSlow++
    endpoint.unsaidMaxSeconds = Math.max(endpoint.unsaidMaxSeconds, seconds)
    endpoint.slowRequestId = record.text(texts.request_id, 256) ?? endpoint.slowRequestId
    return endpoint
  }

  #client(record: LineRecord, responseBytes: number): void {
    const bytes = record.bufferOf(texts.client)
    const from = record.from(texts.client)
    const to = record.to(texts.client)
    if (this.#config.addresses === 'keep' && isPlainAddress(bytes, from, to)) {
      this.#clients.add(bytes, from, to, 1, responseBytes)
      return
    }
    const address = clientAddress(bytes.toString('utf8', from, Math.min(to, from + 256)), this.#config.addresses === 'truncate')
    if (address === undefined) return
    const text = Buffer.from(address)
    this.#clients.add(text, 0, text.length, 1, responseBytes)
  }

  #login(record: LineRecord, timeMs: number): void {
    const message = record.text(texts.message, longestAuthMessage) ?? ''
    const client = record.has(texts.client) ? (record.text(texts.client, 256) ?? '') : ''
    const burstsBefore = this.#auth.burstsTotal
    const count = this.#auth.look(message, (address) => clientAddress(address ?? client, this.#config.addresses === 'truncate'), timeMs)
    this.#tallies.totals.authFailures += count
    this.#tallies.totals.authBursts += this.#auth.burstsTotal - burstsBefore
  }

  #finishQuiet(): void {
    const nowMs = this.#context.clock.now()
    for (const state of this.#origins.values()) if (state.held.isOpen && nowMs - state.held.lastMs >= quietMs) this.#finish(state)
  }

  /** Counts the event that was held, puts it into its group, and hands it on to be shipped. */
  #finish({ held, origin }: OriginState): void {
    if (!held.isOpen) return
    held.isOpen = false
    held.inTraceback = false
    // A line without a level that a stack trace follows is an error that nobody caught.
    const level = held.level === unknownLevel ? (held.hasStack ? error : info) : held.level
    this.#tallies.addEvent(level, level >= error, held.timeMs)
    const fingerprint = level >= this.#groupFrom ? this.#addToGroup(held, level) : null
    if (held.shipment === undefined || level < this.#shipFrom) return
    const { requestId, shipment, stack, timeMs } = held
    this.#shipping.add({
      origin,
      level: levels[level] ?? 'info',
      message: held.messageText,
      stack,
      fingerprint,
      timeMs,
      requestId,
      shipment,
    })
  }

  #addToGroup(held: HeldEvent, level: number): string {
    const shape = this.#shape
    const summary = held.stack === '' ? undefined : summarizeStack(held.stack)
    if (held.endpoint === undefined) shape.write(held.message, 0, held.messageLength)
    else {
      shape.length = 0
      shape.append(`${held.endpoint} ${held.status}`.slice(0, 400))
    }
    const type = held.errorType ?? summary?.type
    if (type !== undefined) shape.append(`\n${type.slice(0, 100)}`)
    for (const frame of summary?.frames ?? []) shape.append(`\n${frame.slice(0, 100)}`)
    const { endpoint, logger, requestId, stack, status, timeMs } = held
    const sample = (): string =>
      (endpoint === undefined ? held.messageText.slice(0, longestSample) : `${endpoint} answered ${status}`) ||
      type ||
      'error without a message'
    return this.#groups.add(shape.bytes, shape.length, { level, timeMs, requestId, logger, stack, sample }).fingerprint
  }
}

/** Digits, letters, dots and colons that need no further look: no port, no list, no brackets. */
function isPlainAddress(bytes: Buffer, from: number, to: number): boolean {
  let colons = 0
  let dots = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (byte === 0x3a) colons++
    else if (byte === 0x2e) dots++
    else if (!((byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66))) return false
  }
  return to > from && (colons === 0 ? dots === 3 : dots === 0 && colons > 1)
}
