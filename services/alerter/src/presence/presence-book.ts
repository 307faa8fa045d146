import type { AgentEvent } from '@nightshift/shared/events/agent'
import type { Host } from '@nightshift/shared/subjects'
import { matchesAny } from '../rules/glob.ts'
import { newHost, type HostSeen, type JobSeen, type Moment, type ServiceSeen } from './host-seen.ts'
import { judgeHosts, type Silence } from './mass.ts'
import type { PresenceConfig } from './presence-config.ts'
import type { Sight } from './sight.ts'
import {
  blindNow,
  blindThen,
  hostBack,
  hostSilent,
  jobDone,
  jobGone,
  jobLate,
  massOver,
  massSilence,
  notWatched,
  seesAgain,
  serviceBack,
  serviceSilent,
  serviceStopped,
} from './sentences.ts'
import type { Verdict } from './verdict.ts'

const maxHosts = 20_000
const maxJobs = 16
const missedHeartbeats = 3
/** Services whose heartbeats are judged; the collector's is its host's. */
const judgedServices = new Set(['alerter', 'backup', 'healer', 'reporter'])
/** A machine that boots again and again is spared once in this time, or nobody would ever hear of it. */
const sparedOnceMs = 3_600_000
const maxForgotten = 1000

/** Who was heard when, and who is missed. No I/O; what it is told and when decides everything. */
export class PresenceBook {
  readonly #hosts = new Map<string, HostSeen>()
  /** Hosts that left for good, and when by their own clock: what they said before is not heard any more. */
  readonly #left = new Map<string, number>()
  readonly #changed = new Set<string>()
  #terms: PresenceConfig
  #massSinceMs: number | undefined
  #blindSinceMs: number | undefined
  overflowTotal = 0

  constructor(terms: PresenceConfig) {
    this.#terms = terms
  }

  get size(): number {
    return this.#hosts.size
  }

  /** Other terms. Whoever is not to be missed any more is not silent any more. */
  use(terms: PresenceConfig, at: Moment): Verdict[] {
    this.#terms = terms
    for (const entry of this.#hosts.values()) entry.isMissed = matchesAny(terms.hosts, entry.host)
    const left = [...this.#hosts.values()].filter(({ state, isMissed }) => state === 'silent' && !isMissed)
    for (const entry of left) entry.state = 'heard'
    return left.map(({ host }) => notWatched(host, at))
  }

  all(): IterableIterator<HostSeen> {
    return this.#hosts.values()
  }

  find(host: Host): HostSeen | undefined {
    return host === null ? undefined : this.#hosts.get(host)
  }

  /** Hosts of which something changed that a restart must not forget, since the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = new Set(this.#changed)
    this.#changed.clear()
    return changed
  }

  restore(entry: HostSeen): void {
    entry.isMissed = matchesAny(this.#terms.hosts, entry.host)
    this.#hosts.set(entry.host, entry)
  }

  /** Such an alert fires since an earlier run: who is in it is not known, so it is everybody who is not heard. */
  restoreMass(sinceMs: number): void {
    this.#massSinceMs = sinceMs
    for (const entry of this.#hosts.values())
      if (entry.state === 'heard' && entry.hasCollector && entry.stoppedWallMs === null) entry.state = 'missing'
  }

  /** Such an alert fires since an earlier run. */
  restoreBlind(sinceMs: number): void {
    this.#blindSinceMs = sinceMs
  }

  /** Nobody watched from then until now. */
  noteGap(sinceMs: number, at: Moment): Verdict[] {
    if (this.#blindSinceMs !== undefined) return []
    this.#blindSinceMs = sinceMs
    return [blindThen(sinceMs, at)]
  }

  /** A message of the collector of a host, of that time by its own clock. */
  hear(host: string, time: string, at: Moment): Verdict[] {
    const entry = this.#entry(host, time, at)
    if (entry === undefined) return []
    if (!entry.hasCollector || entry.stoppedWallMs !== null) this.#changed.add(host)
    entry.hasCollector = true
    entry.stoppedWallMs = null
    const verdicts = entry.state === 'silent' ? [hostBack(entry, at)] : []
    if (entry.state !== 'heard') entry.backMs = at.ms
    entry.state = 'heard'
    entry.heardMs = at.ms
    entry.heardWallMs = at.wallMs
    return verdicts
  }

  /** How long a host has been up, when it says so. */
  noteUptime(host: string, uptimeMs: number, at: Moment): void {
    const entry = this.#hosts.get(host)
    const { boot_grace: graceMs } = this.#terms
    const bootedMs = at.wallMs - uptimeMs
    // A host that nobody knew before it booted is new, and whoever sets it up waits for its alerts.
    if (entry === undefined || uptimeMs >= graceMs || bootedMs <= entry.sinceWallMs) return
    if (entry.bootedWallMs !== null && bootedMs < entry.bootedWallMs + sparedOnceMs) return
    entry.bootedWallMs = bootedMs
    entry.sparedUntilMs = bootedMs + graceMs
  }

  /** A heartbeat. */
  beat(host: string, event: AgentEvent, at: Moment): Verdict[] {
    const { time } = event
    const isStop = event.state === 'stopping'
    const verdicts: Verdict[] = []
    if (event.service === 'collector') {
      verdicts.push(...this.hear(host, time, at))
      const entry = this.#hosts.get(host)
      if (isStop && entry !== undefined) {
        entry.stoppedWallMs = at.wallMs
        this.#changed.add(host)
      }
    } else if (judgedServices.has(event.service)) {
      const entry = this.#entry(host, time, at)
      if (entry !== undefined) verdicts.push(...this.#hearService(entry, event, isStop, at))
    }
    const entry = this.#hosts.get(host)
    if (event.next_due !== undefined && entry !== undefined) verdicts.push(...this.#hearJobs(entry, event.next_due, at))
    return verdicts
  }

  /** What an event of a backup says about when the next one is due. */
  backup(host: string, { job, dueMs, time }: { job: string; dueMs: number; time: string }, at: Moment): Verdict[] {
    const entry = this.#entry(host, time, at)
    return entry === undefined ? [] : this.#due(entry, job, dueMs, at)
  }

  /** A host left for good; its alerts are ended by whoever ends all of them. */
  forget(host: string, leftMs: number): void {
    if (this.#left.size >= maxForgotten) for (const oldest of this.#left.keys().take(1)) this.#left.delete(oldest)
    this.#left.set(host, leftMs)
    if (this.#hosts.delete(host)) this.#changed.add(host)
  }

  /** Who is missed by now. To be asked about once a second. */
  judge(sight: Sight, at: Moment): Verdict[] {
    const blindMs = sight.blindSinceMs(at.ms)
    if (blindMs !== undefined) {
      if (this.#blindSinceMs !== undefined) return []
      this.#blindSinceMs = at.wallMs - (at.ms - blindMs)
      return [blindNow(this.#blindSinceMs)]
    }
    if (!sight.isClear(at.ms)) return []
    const floorMs = sight.floorMs
    const isSettled = at.ms - floorMs >= this.#terms.after
    const verdicts = isSettled ? this.#endBlindness(at) : []
    verdicts.push(...this.#judgeHosts(floorMs, at))
    if (this.#massSinceMs !== undefined) return verdicts
    for (const entry of this.#hosts.values()) {
      if (entry.services.size > 0) this.#judgeServices(entry, floorMs, at, verdicts)
      if (isSettled && entry.jobs.size > 0) this.#judgeJobs(entry, at, verdicts)
    }
    return verdicts
  }

  #endBlindness(at: Moment): Verdict[] {
    const sinceMs = this.#blindSinceMs
    this.#blindSinceMs = undefined
    return sinceMs === undefined ? [] : [seesAgain(sinceMs, at)]
  }

  #judgeHosts(floorMs: number, at: Moment): Verdict[] {
    const terms = this.#terms
    const watched: Silence[] = []
    let isAnyDue = false
    for (const entry of this.#hosts.values()) {
      if (!this.#isWatched(entry, at)) continue
      const ms = at.ms - Math.max(entry.heardMs, floorMs)
      watched.push({ entry, ms })
      isAnyDue ||= ms >= terms.after
    }
    if (!isAnyDue && this.#massSinceMs === undefined) return []
    const { silent, missing, isMass } = judgeHosts(watched, this.#massSinceMs !== undefined, terms)
    const verdicts = silent.map((entry) => hostSilent(entry, at, this.#heardServices(entry, at)))
    for (const entry of silent) entry.state = 'silent'
    if (isMass) {
      for (const entry of missing) entry.state = 'missing'
      const sinceMs = (this.#massSinceMs ??= Math.min(at.wallMs, ...missing.map(({ heardWallMs }) => heardWallMs)))
      verdicts.push(massSilence(missing, watched.length, sinceMs))
    } else if (this.#massSinceMs !== undefined) {
      // Who still is not heard gets the full time anew, and is then told of alone.
      for (const entry of missing) Object.assign(entry, { state: 'heard', heardMs: at.ms })
      verdicts.push(massOver(missing, this.#massSinceMs, at))
      this.#massSinceMs = undefined
    }
    return verdicts
  }

  /** It was heard before, and is to be missed when it is not. */
  #isWatched(entry: HostSeen, at: Moment): boolean {
    if (!entry.hasCollector || !entry.isMissed || entry.state === 'silent' || isSpared(entry, at)) return false
    return entry.stoppedWallMs === null || at.wallMs - entry.stoppedWallMs >= this.#terms.after_stop
  }

  /** A service is judged only while its host is heard: else it is the host that is missed. */
  #judgeServices(entry: HostSeen, floorMs: number, at: Moment, verdicts: Verdict[]): void {
    const isHostHeard = entry.state === 'heard' && entry.stoppedWallMs === null && at.ms - entry.heardMs < this.#terms.after / 2
    if ((entry.hasCollector && !isHostHeard) || isSpared(entry, at) || !entry.isMissed) return
    for (const [name, service] of entry.services) {
      const silentMs = at.ms - Math.max(service.heardMs, floorMs, entry.backMs)
      if (service.isStopped || service.isSilent || silentMs < missedHeartbeats * service.intervalMs) continue
      service.isSilent = true
      verdicts.push(serviceSilent(entry.host, name, at.wallMs - silentMs, at))
    }
  }

  #judgeJobs(entry: HostSeen, at: Moment, verdicts: Verdict[]): void {
    for (const [name, job] of entry.jobs) {
      if (job.isLate || at.wallMs < job.dueMs + this.#terms.backup_grace) continue
      job.isLate = true
      verdicts.push(jobLate(entry.host, name, job.dueMs, at))
    }
  }

  #hearService(entry: HostSeen, event: AgentEvent, isStop: boolean, at: Moment): Verdict[] {
    const known = entry.services.get(event.service)
    // In a rolling update the old run says good-bye when the new one is at work already.
    if (isStop && known !== undefined && known.instance !== null && known.instance !== event.instance) return []
    const service: ServiceSeen = {
      heardMs: at.ms,
      intervalMs: Math.min(event.interval_seconds * 1000, 3_600_000),
      instance: event.instance,
      isStopped: isStop,
      isSilent: false,
    }
    if (known?.isStopped !== isStop || known.intervalMs !== service.intervalMs) this.#changed.add(entry.host)
    entry.services.set(event.service, service)
    if (known?.isSilent !== true) return []
    return [isStop ? serviceStopped(entry.host, event.service, at) : serviceBack(entry.host, event.service, at)]
  }

  /** What a heartbeat says of all jobs of its host: one that it leaves out is there no more. */
  #hearJobs(entry: HostSeen, due: Readonly<Record<string, string>>, at: Moment): Verdict[] {
    const gone = [...entry.jobs].filter(([name]) => !Object.hasOwn(due, name))
    for (const [name] of gone) entry.jobs.delete(name)
    if (gone.length > 0) this.#changed.add(entry.host)
    const ended = gone.flatMap(([name, job]) => (job.isLate ? [jobGone(entry.host, name, at)] : []))
    return [...ended, ...Object.entries(due).flatMap(([name, time]) => this.#due(entry, name, Date.parse(time), at))]
  }

  #due(entry: HostSeen, name: string, dueMs: number, at: Moment): Verdict[] {
    const known = entry.jobs.get(name)
    if (known?.dueMs === dueMs || (known === undefined && entry.jobs.size >= maxJobs)) return []
    const isLate = known?.isLate === true && at.wallMs >= dueMs + this.#terms.backup_grace
    const job: JobSeen = { dueMs, isLate }
    entry.jobs.set(name, job)
    this.#changed.add(entry.host)
    return known?.isLate === true && !isLate ? [jobDone(entry.host, name, at)] : []
  }

  /** The entry of a host; undefined when it said this before it left, or there is no room. */
  #entry(host: string, time: string, at: Moment): HostSeen | undefined {
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const leftMs = this.#left.get(host)
    if (leftMs !== undefined && Date.parse(time) <= leftMs) return undefined
    if (this.#hosts.size >= maxHosts) {
      this.overflowTotal++
      return undefined
    }
    const entry = newHost(host, at)
    this.restore(entry)
    this.#changed.add(host)
    return entry
  }

  #heardServices(entry: HostSeen, at: Moment): string[] {
    return [...entry.services].flatMap(([name, { heardMs, intervalMs, isStopped, isSilent }]) =>
      !isStopped && !isSilent && heardMs > entry.heardMs && at.ms - heardMs < 2 * intervalMs ? [name] : [],
    )
  }
}

/** It has just booted: whatever is not there yet may still be coming. */
export function isSpared({ sparedUntilMs }: HostSeen, { wallMs }: Pick<Moment, 'wallMs'>): boolean {
  return wallMs < sparedUntilMs
}
