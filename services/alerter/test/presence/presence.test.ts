import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isoTime } from '@nightshift/shared/clock'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import { until } from '../alerter-bed.ts'
import { hostNames } from './fleet.ts'
import { pause, settle, WatchedBed } from './watched-bed.ts'

let watched: WatchedBed
beforeEach(async () => {
  watched = await WatchedBed.open()
})
afterEach(() => watched.close())

function beat(host: string, service: string, state = 'ready', nextDue?: Record<string, string>): void {
  const id = newId(Date.now())
  const envelope = { v: 1, id, time: isoTime(Date.now()), host, source: `${service}@${host}`, correlation_id: id }
  const run = {
    service,
    instance: 'run-1',
    version: '0.0.0',
    pid: 1,
    started_time: isoTime(Date.now()),
    interval_seconds: 1,
    state,
    reasons: [],
    self: {},
  }
  const due = nextDue === undefined ? {} : { next_due: nextDue }
  watched.bed.bus.publishMetric(buildSubject({ kind: 'agent', host, service }), { ...envelope, ...run, ...due })
}

describe('hosts that fall silent', () => {
  it('all 50 at once: one message; nothing else ends, and one message when they are back', async () => {
    for (const host of hostNames(50)) watched.alive.add(host)
    await watched.bed.startWorking(watched.config())
    await watched.bed.health('failing', 'web', 'web-07')
    await settle()
    watched.alive.clear()
    await until(() => watched.told().length === 2, watched.told)
    await pause(3500)
    expect(watched.told()).toEqual(['check-failing web-07 firing 1', 'mass-silence null firing 1'])
    expect(watched.bed.alerts.at(-1)?.summary).toMatch(/^50 of 50 hosts are silent at once: web-01, .* and 45 more/)
    for (const host of hostNames(50)) watched.alive.add(host)
    await until(() => watched.told().length === 3, watched.told)
    await pause(1000)
    expect(watched.told().slice(2)).toEqual(['mass-silence null resolved 0'])
  }, 60_000)

  it('one of three: that one, which mutes what is only a consequence, until it is heard again', async () => {
    for (const host of ['web-1', 'web-2', 'web-3']) watched.alive.add(host)
    await watched.bed.startWorking(watched.config())
    beat('web-1', 'healer')
    await settle()
    watched.alive.delete('web-2')
    await until(() => watched.told().length === 2, watched.told, 20_000)
    await watched.bed.health('failing', 'web', 'web-2')
    await until(() => watched.bed.phases.includes('check-failing firing'))
    await pause(500)
    expect(watched.told().toSorted()).toEqual(['host-silent web-2 firing 1', 'service-silent web-1 firing 1'])
    await watched.bed.health('ok', 'web', 'web-2')
    watched.alive.add('web-2')
    await until(() => watched.told().length === 3, watched.told)
    expect(watched.told().at(-1)).toBe('host-silent web-2 resolved 0')
    expect(watched.bed.alerts.find(({ rule, phase }) => rule === 'host-silent' && phase === 'resolved')).toMatchObject({
      reason: 'heard again',
      summary: expect.stringMatching(/^web-2 is heard again, after \d+s$/),
    })
  }, 60_000)
})

describe('what depends on a host', () => {
  it('a backup that is late is told of, also after a restart and without its service, until it is done', async () => {
    watched.alive.add('db-1')
    const first = await watched.bed.startWorking(watched.config({ backup_grace: '2s' }))
    beat('db-1', 'backup', 'stopping', { nightly: isoTime(Date.now() + 3000) })
    await settle()
    await first.stop()
    await watched.bed.startWorking(watched.config({ backup_grace: '2s' }))
    await until(() => watched.told().length === 1, watched.told)
    const id = newId(Date.now())
    const envelope = { id, time: isoTime(Date.now()), host: 'db-1', source: 'backup@db-1', correlation_id: id }
    const figures = { snapshot: null, size_bytes: 1, added_bytes: 1, duration_seconds: 1, error: null }
    const nextDue = isoTime(Date.now() + 86_400_000)
    const event: BackupEvent = { v: 1, ...envelope, job: 'nightly', phase: 'completed', run: id, ...figures, next_due: nextDue }
    const subject = buildSubject({ kind: 'backup', host: 'db-1', job: 'nightly', phase: 'completed' })
    await watched.bed.bus.publishEvent(subject, event)
    await until(() => watched.told().length === 2, watched.told)
    expect(watched.told()).toEqual(['backup-late db-1 firing 1', 'backup-late db-1 resolved 0'])
  }, 60_000)

  it('what fails while a machine boots is told when that is over, if it still lasts', async () => {
    watched.alive.add('web-1')
    await watched.bed.startWorking(watched.config({ boot_grace: '6s' }))
    await settle()
    watched.bed.metric('load', { uptime_seconds: 1 }, 'web-1')
    await watched.bed.health('failing', 'passing')
    await watched.bed.health('failing', 'lasting')
    await until(() => watched.bed.phases.length === 2)
    await watched.bed.health('ok', 'passing')
    await pause(1500)
    expect(watched.told()).toEqual([])
    await until(() => watched.told().length === 1, watched.told)
    await pause(500)
    expect(watched.told()).toEqual(['check-failing web-1 firing 1'])
    expect(watched.bed.alerts.find(({ labels }) => labels['check'] === 'lasting')?.summary).toMatch(/^lasting on web-1/)
  }, 60_000)
})
