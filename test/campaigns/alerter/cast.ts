import { setTimeout as delay } from 'node:timers/promises'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import type { CrashBed } from './crash-bed.ts'

/** What an alert is to do next, and when its source had told the broker. */
export interface Step {
  readonly phase: 'firing' | 'updated' | 'resolved'
  readonly severity: 'warning' | 'critical'
  /** performance.now() */
  readonly atMs: number
}

type Level = 'ok' | 'warning' | 'critical'

/** The least time between two changes of one alert that is not to flap. */
const slowMs = 4000
const flapQuietMs = 12_000
/** Who stands for so long must be told of, also when the channel has a bad day. */
export const longMs = 60_000
const removedAfterMs = 30_000

const ratios: Record<Level, number> = { ok: 0.3, warning: 0.8, critical: 0.95 }
const severityOf = { web: 'critical', flap: 'critical', team: 'critical', mail: 'critical', group: 'warning' } as const
type Kind = keyof typeof severityOf

interface Episode {
  readonly host: string
  readonly check: string
  readonly endMs: number
}

/** The alerts of a campaign: they begin, get worse and better, end, come and go; and what each is expected to do, step by step. */
export class Cast {
  /** By name of the alert, in their order. */
  readonly steps = new Map<string, Step[]>()
  readonly #bed: CrashBed
  readonly #random: () => number
  readonly #changedMs = new Map<string, number>()
  readonly #levels = new Map<string, Level>()
  #episodes: Episode[] = []
  #ended: Episode[] = []
  #count = 0

  constructor(bed: CrashBed, random: () => number) {
    this.#bed = bed
    this.#random = random
  }

  get stepCount(): number {
    return [...this.steps.values()].reduce((sum, steps) => sum + steps.length, 0)
  }

  /** Something happens somewhere. */
  async act(): Promise<void> {
    const nowMs = performance.now()
    const over = this.#episodes.filter(({ endMs }) => endMs <= nowMs)
    this.#episodes = this.#episodes.filter((each) => !over.includes(each))
    for (const each of over) await this.#end(each)
    const chance = this.#random()
    if (chance < 0.45) await this.#slowly(`web-${this.#upTo(4)} check-${this.#upTo(6)}`, slowMs, (name) => this.#flip('web', name))
    else if (chance < 0.6) await this.#slowly(`load-${this.#upTo(8)} hot`, slowMs, (name) => this.#load(name))
    else if (chance < 0.72) await this.#begin('group', 3)
    else if (chance < 0.77) await this.#begin('team', 2)
    else if (chance < 0.8) await this.#begin('mail', 1)
    else if (chance < 0.83) await this.#slowly(`flap-${this.#upTo(2)} check-${this.#upTo(3)}`, flapQuietMs, (name) => this.#flap(name))
    const gone = this.#ended.filter(({ endMs }) => endMs + removedAfterMs <= nowMs)
    this.#ended = this.#ended.filter((each) => !gone.includes(each))
    for (const { host, check } of gone) await this.#tell(host, check, 'removed')
  }

  /** A metric that breaches from the first moment: until somebody hears of it, metrics are not read yet. */
  async canary(): Promise<void> {
    await this.#load('load-0 hot', 'critical')
  }

  #upTo(count: number): number {
    return Math.floor(this.#random() * count)
  }

  async #slowly(name: string, pauseMs: number, act: (name: string) => Promise<void>): Promise<void> {
    if (performance.now() - (this.#changedMs.get(name) ?? -pauseMs) < pauseMs) return
    // Nobody else shall change it until the broker has stored it.
    this.#changedMs.set(name, Number.POSITIVE_INFINITY)
    await act(name)
    this.#changedMs.set(name, performance.now())
  }

  async #flip(kind: Kind, name: string): Promise<void> {
    const [host = '', check = ''] = name.split(' ')
    const isFailing = this.#levels.get(name) !== 'critical'
    this.#levels.set(name, isFailing ? 'critical' : 'ok')
    await this.#tell(host, check, isFailing ? 'failing' : 'ok')
    this.#note(name, isFailing ? 'firing' : 'resolved', severityOf[kind])
  }

  /** Many times in a second; it stays what it is in then. */
  async #flap(name: string): Promise<void> {
    for (let flips = 6 + this.#upTo(5); flips > 0; flips--) {
      await this.#flip('flap', name)
      await delay(20 + this.#random() * 100)
    }
  }

  async #load(name: string, wanted?: Level): Promise<void> {
    const [host = ''] = name.split(' ')
    const before = this.#levels.get(name) ?? 'ok'
    const others = (['ok', 'warning', 'critical'] as const).filter((level) => level !== before)
    const level = wanted ?? others[this.#upTo(2)] ?? 'ok'
    const { id, about } = envelope(host)
    await this.#bed.publish(buildSubject({ kind: 'metric', host, group: 'cpu' }), {
      ...about,
      id,
      group: 'cpu',
      fields: { usage_ratio: ratios[level] },
    })
    if (level === before) return
    this.#levels.set(name, level)
    const phase = level === 'ok' ? 'resolved' : before === 'ok' ? 'firing' : 'updated'
    this.#note(name, phase, level === 'ok' ? (before === 'ok' ? 'warning' : before) : level)
  }

  /** Something that fails once and never again, for a moment, a while, or long. */
  async #begin(kind: 'group' | 'team' | 'mail', hosts: number): Promise<void> {
    const host = `${kind}-${this.#upTo(hosts)}`
    const check = `once-${++this.#count}`
    const lastsMs = this.#random() < 0.2 ? longMs + 10_000 + this.#random() * 20_000 : 300 + this.#random() * 20_000
    await this.#flip(kind, `${host} ${check}`)
    this.#episodes.push({ host, check, endMs: performance.now() + lastsMs })
  }

  async #end(episode: Episode): Promise<void> {
    const { host, check } = episode
    await this.#flip(host.slice(0, host.indexOf('-')) as Kind, `${host} ${check}`)
    this.#ended.push({ ...episode, endMs: performance.now() })
  }

  async #tell(host: string, check: string, state: 'failing' | 'ok' | 'removed'): Promise<void> {
    const { id, about } = envelope(host)
    const error = state === 'failing' ? 'connection refused' : null
    const event = { ...about, id, check, kind: 'http', state, previous: null, consecutive: 1, error, check_event_id: null }
    await this.#bed.publish(buildSubject({ kind: 'health', host, check }), event)
  }

  #note(name: string, phase: Step['phase'], severity: Step['severity']): void {
    const steps = this.steps.get(name) ?? []
    this.steps.set(name, [...steps, { phase, severity, atMs: performance.now() }])
    this.#bed.story.note(`${phase} ${severity} is to be told`, name)
  }
}

function envelope(host: string) {
  const id = newId(Date.now())
  return { id, about: { v: 1, time: isoTime(Date.now()), host, source: `collector@${host}`, correlation_id: id } }
}
