import type { HostSeen, Moment } from './host-seen.ts'
import { lengthText, namesText, type Verdict } from './verdict.ts'

const none = {}
const heardAgain = 'heard again'

export function hostSilent(entry: HostSeen, at: Moment, heardServices: readonly string[]): Verdict {
  const { host, heardWallMs, stoppedWallMs } = entry
  const since = stoppedWallMs ?? heardWallMs
  const length = lengthText(at.wallMs - since)
  const fact =
    stoppedWallMs === null
      ? `${host} is silent: nothing of its collector for ${length}`
      : `the collector of ${host} was stopped ${length} ago and has not come back`
  const hint = heardServices.length === 0 ? '' : `; its ${heardServices.join(' and ')} is still heard, so look at the collector first`
  return { rule: 'host-silent', host, labels: none, isOn: true, detail: fact + hint, atMs: since, value: null }
}

export function hostBack({ host, heardWallMs }: HostSeen, at: Moment): Verdict {
  const detail = `${host} is heard again, after ${lengthText(at.wallMs - heardWallMs)}`
  return { rule: 'host-silent', host, labels: none, isOn: false, detail, atMs: at.wallMs, value: null, endReason: heardAgain }
}

export function serviceSilent(host: string, service: string, sinceMs: number, at: Moment): Verdict {
  const detail = `the ${service} on ${host} is silent: no heartbeat for ${lengthText(at.wallMs - sinceMs)}, and the host is heard`
  return { rule: 'service-silent', host, labels: { service }, isOn: true, detail, atMs: sinceMs, value: null }
}

export function serviceBack(host: string, service: string, at: Moment): Verdict {
  const detail = `the ${service} on ${host} is heard again`
  return { ...serviceEnd(host, service, at), detail, endReason: heardAgain }
}

export function serviceStopped(host: string, service: string, at: Moment): Verdict {
  return { ...serviceEnd(host, service, at), detail: `the ${service} on ${host} was stopped in good order`, endReason: 'stopped' }
}

function serviceEnd(host: string, service: string, { wallMs }: Moment): Omit<Verdict, 'detail'> {
  return { rule: 'service-silent', host, labels: { service }, isOn: false, atMs: wallMs, value: null }
}

export function jobLate(host: string, job: string, dueMs: number, at: Moment): Verdict {
  const lateMs = at.wallMs - dueMs
  const detail = `the backup ${job} of ${host} is late: it was due ${lengthText(lateMs)} ago`
  return { rule: 'backup-late', host, labels: { job }, isOn: true, detail, atMs: dueMs, value: Math.round(lateMs / 1000) }
}

export function jobDone(host: string, job: string, at: Moment): Verdict {
  const detail = `the backup ${job} of ${host} is not late any more`
  return { rule: 'backup-late', host, labels: { job }, isOn: false, detail, atMs: at.wallMs, value: null }
}

export function jobGone(host: string, job: string, at: Moment): Verdict {
  const detail = `there is no backup ${job} of ${host} any more`
  return { rule: 'backup-late', host, labels: { job }, isOn: false, detail, atMs: at.wallMs, value: null, endReason: 'job removed' }
}

/** One alert for all of them. */
export function massSilence(missing: readonly HostSeen[], watched: number, sinceMs: number): Verdict {
  const names = namesText(missing.map(({ host }) => host))
  const detail = `${missing.length} of ${watched} hosts are silent at once: ${names}; look at the network and the bus first. No other alert ends because of it`
  return { rule: 'mass-silence', host: null, labels: none, isOn: true, detail, atMs: sinceMs, value: missing.length }
}

export function massOver(missing: readonly HostSeen[], sinceMs: number, at: Moment): Verdict {
  const rest = missing.length === 0 ? '' : `; not yet: ${namesText(missing.map(({ host }) => host))}`
  const detail = `the hosts are heard again, after ${lengthText(at.wallMs - sinceMs)}${rest}`
  return {
    rule: 'mass-silence',
    host: null,
    labels: none,
    isOn: false,
    detail,
    atMs: at.wallMs,
    value: missing.length,
    endReason: heardAgain,
  }
}

export function notWatched(host: string, at: Moment): Verdict {
  const detail = `${host} is not watched for silence any more`
  return { rule: 'host-silent', host, labels: none, isOn: false, detail, atMs: at.wallMs, value: null, endReason: 'rule changed' }
}

export function blindThen(sinceMs: number, at: Moment): Verdict {
  const length = lengthText(at.wallMs - sinceMs)
  const detail = `nobody watched for ${length}: the alerter or the bus was down. What happened meanwhile is being read now`
  return { rule: 'alerter-blind', host: null, labels: none, isOn: true, detail, atMs: sinceMs, value: null }
}

export function blindNow(sinceMs: number): Verdict {
  const detail =
    'the alerter does not see: not even its own heartbeat comes back, or it is far behind. Alerts stay as they are, and nothing new is noticed'
  return { rule: 'alerter-blind', host: null, labels: none, isOn: true, detail, atMs: sinceMs, value: null }
}

export function seesAgain(sinceMs: number, at: Moment): Verdict {
  const detail = `the alerter sees again; the last ${lengthText(at.wallMs - sinceMs)} were not watched, or not fully`
  return { rule: 'alerter-blind', host: null, labels: none, isOn: false, detail, atMs: at.wallMs, value: null, endReason: 'sees again' }
}
