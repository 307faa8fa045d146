import { describe, expect, it } from 'vitest'
import { inhibitSchemas } from '../../src/inhibit/inhibit-config.ts'
import { InhibitionIndex } from '../../src/inhibit/inhibition-index.ts'
import { exampleEvent } from '../example-notification.ts'

const silent = (host: string, fingerprint = `silent-${host}`) => exampleEvent({ rule: 'host-silent', host, fingerprint })
const cpu = (host: string) => exampleEvent({ host })

describe('inhibition', () => {
  it('keeps everything else about a silent host from people, unless told otherwise', () => {
    const index = new InhibitionIndex(inhibitSchemas.parse(undefined))
    index.note(silent('web-1'))
    expect(index.muteOf(cpu('web-1'))).toEqual({ kind: 'inhibited', by: 'host-down', untilMs: null })
    expect(index.muteOf(cpu('web-2'))).toBeUndefined()
    expect(index.muteOf(silent('web-1'))).toBeUndefined()
  })

  it('lasts until the last cause is over', () => {
    const index = new InhibitionIndex(inhibitSchemas.parse({ site: { source: { rule: 'host-silent' }, equal: [] } }))
    index.note(silent('a'))
    index.note(silent('b'))
    expect(index.note({ ...silent('a'), phase: 'resolved' })).toBe(true)
    expect(index.muteOf(cpu('c'))?.by).toBe('site')
    expect(index.note({ ...silent('b'), phase: 'resolved' })).toBe(true)
    expect(index.muteOf(cpu('c'))).toBeUndefined()
    expect(index.note({ ...silent('b'), phase: 'resolved' })).toBe(false)
  })

  it('mutes only its targets', () => {
    const index = new InhibitionIndex(
      inhibitSchemas.parse({ db: { source: { rule: 'db-down' }, target: { rule: ['web-*'], severity: 'warning' }, equal: ['site'] } }),
    )
    index.note(exampleEvent({ rule: 'db-down', labels: { site: 'north' } }))
    const target = exampleEvent({ rule: 'web-slow', labels: { site: 'north' } })
    expect(index.muteOf(target)?.by).toBe('db')
    expect(index.muteOf({ ...target, severity: 'critical' })).toBeUndefined()
    expect(index.muteOf({ ...target, labels: { site: 'south' } })).toBeUndefined()
    expect(index.muteOf({ ...target, rule: 'cpu-high' })).toBeUndefined()
  })

  it('ends with the severity that made it a cause', () => {
    const index = new InhibitionIndex(inhibitSchemas.parse({ worst: { source: { severity: 'critical' }, equal: ['host'] } }))
    const cause = exampleEvent({ rule: 'disk-full', fingerprint: 'disk', severity: 'critical' })
    index.note(cause)
    expect(index.muteOf(cpu('web-1'))?.by).toBe('worst')
    expect(index.note({ ...cause, phase: 'acked', severity: 'warning' })).toBe(false)
    expect(index.note({ ...cause, phase: 'updated', severity: 'warning' })).toBe(true)
    expect(index.muteOf(cpu('web-1'))).toBeUndefined()
    expect(index.note({ ...cause, phase: 'resolved', severity: 'warning' })).toBe(false)
  })
})
