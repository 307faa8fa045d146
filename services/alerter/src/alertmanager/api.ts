import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bus } from '@nightshift/shared/bus/bus'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { ContractError, describeError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { pathOf, send } from '@nightshift/shared/service/http-server'
import { json, type ProbeReply } from '@nightshift/shared/service/probe'
import type { AlertList } from '../list-alerts.ts'
import { parseMatcher, type Matcher } from '../silence/matcher.ts'
import { silenceBucket, silenceOf, silenceRequestSchema, type Silence } from '../silence/silence.ts'
import { foreignAlerts } from './foreign-alerts.ts'
import { foreignSilence, ownMatcher, postedSilenceSchema, requestOf } from './foreign-silence.ts'
import { readPosted } from './posted-alert.ts'
import { receive } from './receive.ts'
import { isFromPage, readJson } from './request.ts'

interface Parts {
  readonly bus: Bus
  readonly clock: Clock
  readonly version: string
  readonly list: () => Promise<AlertList>
  /** Names of the channels. */
  readonly channels: () => readonly string[]
}

const prefixes = ['/alertmanager/api/v2/', '/api/v2/']

/**
 * What Prometheus and the tools around Alertmanager speak: alerts in and out, silences, status (API v2). Any replica answers; alerts and
 * silences are written down, and who has the shard carries them out.
 */
export class AlertmanagerApi {
  readonly #parts: Parts
  readonly #startedMs: number

  constructor(parts: Parts) {
    this.#parts = parts
    this.#startedMs = parts.clock.now()
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const path = pathOf(request)
    const prefix = prefixes.find((each) => path.startsWith(each))
    if (prefix === undefined) return false
    if (isFromPage(request)) {
      send(response, json(403, { error: 'foreign_site', message: 'this API answers programs, not pages of other sites' }))
      return true
    }
    send(response, await this.#answer(request, path.slice(prefix.length)).catch(replyToError))
    return true
  }

  async #answer(request: IncomingMessage, path: string): Promise<ProbeReply> {
    const id = /^silence\/([0-9A-Za-z-]{1,64})$/.exec(path)?.[1]
    switch (`${request.method} ${id === undefined ? path : 'silence'}`) {
      case 'POST alerts':
        return await this.#receive(request)
      case 'GET alerts':
        return await this.#alerts(new URL(request.url ?? '', 'http://localhost').searchParams)
      case 'GET silences':
        return json(
          200,
          (await this.#silences()).map((silence) => foreignSilence(silence, this.#parts.clock.now())),
        )
      case 'POST silences':
        return await this.#silence(request)
      case 'GET silence':
        return await this.#oneSilence(id ?? '')
      case 'DELETE silence':
        return (await this.#endSilence(id ?? '')) ? json(200, {}) : problem(404, 'there is no such silence')
      case 'GET receivers':
        return json(
          200,
          this.#parts.channels().map((name) => ({ name })),
        )
      case 'GET status':
        return json(200, this.#status())
      default:
        return problem(
          404,
          `there is no ${request.method} ${path.slice(0, 100)} here; alerts, silences, silence/ID, receivers and status are`,
        )
    }
  }

  async #receive(request: IncomingMessage): Promise<ProbeReply> {
    const posted = readPosted(await readJson(request))
    if (posted === undefined) return problem(400, 'post a list of at most 2000 alerts')
    await receive(this.#parts.bus, posted.alerts, this.#parts.clock.now())
    // What is sound was taken, as Alertmanager does.
    return posted.problems.length === 0 ? json(200, {}) : problem(400, posted.problems.slice(0, 10).join('; '))
  }

  async #alerts(query: URLSearchParams): Promise<ProbeReply> {
    const { bus, clock, list, channels } = this.#parts
    const matchers = query.getAll('filter').map(literalMatcher)
    if (matchers.includes(undefined)) return problem(400, 'a filter is written alertname="HostDown" or host=~"web-.*"')
    const known = { bus, alerts: (await list()).alerts, silences: await this.#silences(), channels: channels(), nowMs: clock.now() }
    const asked = {
      matchers: matchers.flatMap((matcher) => matcher ?? []),
      active: isAsked(query, 'active'),
      silenced: isAsked(query, 'silenced'),
    }
    return json(200, await foreignAlerts(known, asked))
  }

  async #silences(): Promise<Silence[]> {
    const found: Silence[] = []
    for await (const [, { value }] of (await this.#parts.bus.bucket('silences', silenceBucket)).entries()) found.push(value)
    return found.toSorted((a, b) => a.end_ms - b.end_ms)
  }

  async #oneSilence(id: string): Promise<ProbeReply> {
    const found = (await this.#silences()).find((silence) => silence.id === id)
    return found === undefined ? problem(404, 'there is no such silence') : json(200, foreignSilence(found, this.#parts.clock.now()))
  }

  /** A silence that is changed is ended, and another made; as there. */
  async #silence(request: IncomingMessage): Promise<ProbeReply> {
    const posted = postedSilenceSchema.safeParse(await readJson(request))
    if (!posted.success) return problem(400, posted.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
    const wanted = silenceRequestSchema.safeParse(requestOf(posted.data))
    if (!wanted.success) return problem(400, wanted.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
    const { bus, clock } = this.#parts
    const silence = silenceOf(wanted.data, newId(clock.now()), clock.now())
    if (posted.data.id !== undefined && posted.data.id !== '' && !(await this.#endSilence(posted.data.id)))
      return problem(404, 'there is no such silence to change')
    await (await bus.bucket('silences', silenceBucket)).put(silence.id, silence, 0)
    return json(200, { silenceID: silence.id })
  }

  async #endSilence(id: string): Promise<boolean> {
    const { bus, clock } = this.#parts
    const bucket = await bus.bucket('silences', silenceBucket)
    const known = await bucket.get(id)
    if (known === undefined) return false
    await bucket.put(id, { ...known.value, end_ms: Math.min(known.value.end_ms, clock.now()) }, known.revision)
    return true
  }

  #status(): object {
    const { version } = this.#parts
    return {
      cluster: { name: 'nightshift', status: 'disabled', peers: [] },
      config: { original: '' },
      uptime: isoTime(this.#startedMs),
      versionInfo: { version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' },
    }
  }
}

/** In a filter of that API = is literal, not a pattern. */
function literalMatcher(text: string): Matcher | undefined {
  const matcher = parseMatcher(text.replace(/^\{(.*)\}$/s, '$1'))
  if (matcher === undefined || matcher.op.endsWith('~')) return matcher
  return ownMatcher({ name: matcher.name, value: matcher.value, isRegex: false, isEqual: matcher.op === '=' })
}

function isAsked(query: URLSearchParams, name: string): boolean {
  return query.get(name) !== 'false'
}

/** That API answers errors with one text. */
function problem(status: number, text: string): ProbeReply {
  return { status, contentType: 'application/json', body: JSON.stringify(text) }
}

/** A bus that is away is worth another try. */
function replyToError(error: unknown): ProbeReply {
  if (error instanceof ContractError) return problem(400, error.message)
  return problem(503, `not now: ${describeError(error)}`)
}
