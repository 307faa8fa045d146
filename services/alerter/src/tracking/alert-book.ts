import type { Host } from '@nightshift/shared/subjects'
import { fingerprintOf, type Series } from '../alert/fingerprint.ts'
import type { Life } from '../alert/life.ts'
import type { AlertRecord } from '../state/stored.ts'
import { scopeLabelOf } from '../rules/metric-source.ts'
import { labelsKey } from './labels-key.ts'

/** One alert in memory: what is stored of it, and what need not be. */
export interface Tracked {
  readonly series: Series
  readonly watch: Watch
  /** Its labels as one text. */
  readonly key: string
  life: Life | undefined
  /** As it was stored last; undefined while it is not worth storing. */
  record: AlertRecord | undefined
  /** Messages in a row that came without it. */
  missing: number
  /** Event time of its last value that could be judged; of the first since then that could not. */
  judgedMs: number | undefined
  unjudgedSinceMs: number | undefined
}

/** A rule on a host with the alerts that it has there, and when it was last seen. */
export interface Watch {
  readonly rule: string
  readonly host: Host
  /** The application, log or check, for rules that read many; else empty. */
  readonly scope: string
  readonly alerts: Map<string, Tracked>
  /** Event time of the last message, and the time between the last two. */
  lastMs: number | undefined
  stepMs: number | undefined
  /** How long nobody could see before that message. */
  gapMs: number
  /** Messages were lost since then. */
  blindSinceMs: number | undefined
  /** Parts of one tick, until all of them are there. */
  tick: { readonly atMs: number; readonly parts: Set<number>; readonly present: Set<string>; isDone: boolean } | undefined
}

/** Of sources whose pace is not known; three of it are a gap. */
const assumedStepMs = 15_000
const unseen = { lastMs: undefined, stepMs: undefined, gapMs: 0, blindSinceMs: undefined, tick: undefined }

/** Every alert that is not ok, and the rules and hosts they belong to. Bounded: what does not fit is counted. */
export class AlertBook {
  /** By rule: most rules have no alerts, and that is to be known at once. */
  readonly #watches = new Map<string, Map<string, Watch>>()
  readonly #byFingerprint = new Map<string, Tracked>()
  readonly #waiting = new Map<Host, Set<Tracked>>()
  /** Breaches that were not followed because the book was full. */
  overflowTotal = 0
  maxAlerts: number

  constructor(maxAlerts: number) {
    this.maxAlerts = maxAlerts
  }

  get size(): number {
    return this.#byFingerprint.size
  }

  all(): IterableIterator<Tracked> {
    return this.#byFingerprint.values()
  }

  find(fingerprint: string): Tracked | undefined {
    return this.#byFingerprint.get(fingerprint)
  }

  watch(rule: string, host: Host, scope = ''): Watch | undefined {
    return this.#watches.get(rule)?.get(placeKey(host, scope))
  }

  /** Alerts of this host that are pending on time or on results, not on readings. */
  waiting(host: Host): ReadonlySet<Tracked> | undefined {
    return this.#waiting.get(host)
  }

  /** A place for a new alert; undefined when there is none. */
  admit(rule: string, watched: string, host: Host, labels: Readonly<Record<string, string>>): Tracked | undefined {
    if (this.size >= this.maxAlerts) {
      this.overflowTotal++
      return undefined
    }
    return this.#add({ fingerprint: fingerprintOf(rule, host, labels), rule, watch: watched, host, labels }, undefined)
  }

  restore(record: AlertRecord): Tracked {
    return this.#add(record.series, record)
  }

  /** Notes whether an alert waits for the clock of its host. */
  wait(tracked: Tracked, isWaiting: boolean): void {
    const { host } = tracked.series
    const waiting = this.#waiting.get(host)
    if (isWaiting) {
      if (waiting === undefined) this.#waiting.set(host, new Set([tracked]))
      else waiting.add(tracked)
    } else if (waiting?.delete(tracked) === true && waiting.size === 0) {
      this.#waiting.delete(host)
    }
  }

  remove(tracked: Tracked): void {
    this.#byFingerprint.delete(tracked.series.fingerprint)
    this.wait(tracked, false)
    tracked.watch.alerts.delete(tracked.key)
    if (tracked.watch.alerts.size > 0) return
    const { rule, host, scope } = tracked.watch
    const watches = this.#watches.get(rule)
    watches?.delete(placeKey(host, scope))
    if (watches?.size === 0) this.#watches.delete(rule)
  }

  /** After a restart: messages of all hosts were seen until then. Their pace is not known any more. */
  resume(lastMs: number): void {
    for (const watches of this.#watches.values())
      for (const watch of watches.values()) Object.assign(watch, { lastMs, stepMs: assumedStepMs })
  }

  /** What lies between this time and the next message of each host was not seen. */
  goBlind(sinceMs: number): void {
    for (const watches of this.#watches.values()) {
      for (const watch of watches.values()) watch.blindSinceMs = watch.lastMs ?? watch.blindSinceMs ?? sinceMs
    }
  }

  #add(series: Series, record: AlertRecord | undefined): Tracked {
    const scope = scopeOfSeries(series)
    const key = placeKey(series.host, scope)
    let watches = this.#watches.get(series.rule)
    if (watches === undefined) this.#watches.set(series.rule, (watches = new Map()))
    let watch = watches.get(key)
    if (watch === undefined) {
      watch = { rule: series.rule, host: series.host, scope, alerts: new Map(), ...unseen }
      watches.set(key, watch)
    }
    const fresh = { missing: 0, judgedMs: undefined, unjudgedSinceMs: undefined }
    const tracked: Tracked = { series, watch, key: labelsKey(series.labels), life: record?.life, record, ...fresh }
    watch.alerts.set(tracked.key, tracked)
    this.#byFingerprint.set(series.fingerprint, tracked)
    return tracked
  }
}

function placeKey(host: Host, scope: string): string {
  return scope === '' ? (host ?? '') : `${host ?? ''}\u0000${scope}`
}

function scopeOfSeries({ watch, labels }: Series): string {
  const label = scopeLabelOf(watch)
  return label === null ? '' : (labels[label] ?? '')
}
