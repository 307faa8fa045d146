import { join } from 'node:path'
import { describeError } from '@nightshift/shared/errors'
import { buildSubject } from '@nightshift/shared/subjects'
import type { Outcome } from '../checks/check.ts'
import { startDeadline } from '../deadline.ts'
import type { RoomContext } from '../rooms/room.ts'
import { exclusion } from '../globs/exclusion.ts'
import type { Item } from '../sources/source.ts'
import { judge } from './judge.ts'
import { newLook, type Look } from './look.ts'
import { remember } from './memory.ts'
import type { Aspect, SecurityConfig } from './registry.ts'

/**
 * Looks that may hang at once. Each of them holds one of the four threads that all files and all look-ups of names share, so with more of them
 * a network mount that is dead would stop the whole collector.
 */
const maxHanging = 2
/** A look that is told to stop gets so long to do so. */
const graceMs = 100

export interface AspectState {
  /** For the metric group; undefined before the first look. */
  item: Item | undefined
  fields: Look['fields']
  differencesFound: number
  differencesPublished: number
  timeouts: number
}

/** Looks at one aspect whenever it is told to, one look at a time. */
export class AspectRunner {
  readonly aspect: Aspect
  readonly state: AspectState = { item: undefined, fields: {}, differencesFound: 0, differencesPublished: 0, timeouts: 0 }
  readonly #context: RoomContext
  /** Names of the aspects, of all runners, whose last look was broken off and has not ended yet: it is not begun again before it has. */
  readonly #hanging: Set<string>

  constructor(aspect: Aspect, context: RoomContext, hanging: Set<string>) {
    this.aspect = aspect
    this.#context = context
    this.#hanging = hanging
  }

  /** Name of the check that carries the results. */
  get check(): string {
    return `security-${this.aspect.name}`
  }

  /** Never rejects, but for being stopped: then nothing is reported. */
  async run(config: SecurityConfig, stopping: AbortSignal): Promise<void> {
    const { clock } = this.#context
    const startMs = clock.monotonicMs()
    const nowMs = clock.now()
    const look = await this.#boundedLook(config, nowMs, stopping)
    if (stopping.aborted) return
    const recent = await this.#remember(config, look, nowMs)
    const outcome = judge({ ...look, recent })
    const seconds = (clock.monotonicMs() - startMs) / 1000
    this.#note(look, recent.length, seconds, outcome)
  }

  #note(look: Look, differences: number, seconds: number, outcome: Outcome): void {
    this.state.fields = look.fields
    this.state.item = {
      aspect: this.aspect.name,
      findings: look.findings.length,
      differences,
      looked_at: look.lookedAt,
      unreadable: look.unread.length,
      look_seconds: Math.round(seconds * 1e6) / 1e6,
    }
    const latencySeconds = outcome.ok === null ? null : seconds
    this.#context.reportCheck(this.check, 'security', { outcome, epochMs: this.#context.clock.now(), latencySeconds })
  }

  /** What could not be compared or remembered is said like what could not be looked at. */
  async #remember(config: SecurityConfig, look: Look, nowMs: number): Promise<Parameters<typeof judge>[0]['recent']> {
    const { bus, log, origin, stateDir } = this.#context
    const path = join(stateDir, 'posture', `${this.aspect.name}.jsonl`)
    if (look.parts.size === 0) return []
    const subject = buildSubject({ kind: 'change', host: origin.host, what: 'security' }, bus.namespace)
    try {
      const rules = { nowMs, alertForMs: config.alert_for, isIgnored: exclusion(config.ignore) }
      const publish = async (event: Parameters<typeof bus.publishEvent>[1]): Promise<unknown> => await bus.publishEvent(subject, event)
      const result = await remember(path, this.aspect.name, look, rules, { origin, log, publish })
      this.state.differencesFound += result.found
      this.state.differencesPublished += result.published
      if (result.trouble !== '') look.unread.push(result.trouble)
      return result.recent
    } catch (error) {
      log.error({ error, path }, 'what was seen of security cannot be written down; differences are told once it can')
      look.unread.push(`what was seen cannot be written down: ${describeError(error)}`)
      return []
    }
  }

  /** The look, at the latest when its time is up: a file on a mount that hangs must not keep the others. */
  async #boundedLook(config: SecurityConfig, nowMs: number, stopping: AbortSignal): Promise<Look> {
    const { name } = this.aspect
    if (this.#hanging.has(name)) return unreadLook('the look before this one still hangs')
    if (this.#hanging.size >= maxHanging) return unreadLook(`the looks at ${[...this.#hanging].join(' and ')} still hang`)
    const timeoutMs = this.aspect.schedule(config)?.timeoutMs ?? 0
    const deadline = startDeadline(timeoutMs, stopping, () => void this.state.timeouts++)
    const { signal } = deadline
    const { promise: late, resolve } = Promise.withResolvers<Look>()
    let isSettled = false
    const giveUp = (): void => {
      if (!isSettled) this.#hanging.add(name)
      resolve(unreadLook(tooLong(timeoutMs)))
    }
    signal.addEventListener('abort', () => setTimeout(giveUp, graceMs).unref())
    const attempt = this.aspect
      .look(config, { host: this.#context.host, nowMs, signal })
      .catch((error: unknown) => unreadLook(signal.aborted ? tooLong(timeoutMs) : `the look itself broke: ${describeError(error)}`))
      .finally(() => {
        isSettled = true
        this.#hanging.delete(name)
      })
    try {
      return await Promise.race([attempt, late])
    } finally {
      deadline.end()
    }
  }
}

function unreadLook(reason: string): Look {
  return { ...newLook(), unread: [reason] }
}

function tooLong(timeoutMs: number): string {
  return `it took longer than ${Math.round(timeoutMs / 100) / 10} s`
}
