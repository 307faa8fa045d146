import { bucketNames, bucketSpecs, reservedFileBytes, streamId, streamNames, streamOf, streamSpecs } from '@nightshift/shared/bus/streams'
import { kinds } from '@nightshift/shared/subjects'
import { describe, expect, it } from 'vitest'
import { streamsConfig } from './fixture.ts'

describe('the streams', () => {
  it('carry every kind of message exactly once, but for progress', () => {
    const subjects = streamSpecs(streamsConfig, 'ops').flatMap((spec) => spec.subjects)
    const carried = kinds.filter((kind) => kind !== 'progress').map((kind) => `ops.${kind}.>`)
    expect(subjects.toSorted()).toEqual(carried.toSorted())
    expect(streamOf('progress')).toBeUndefined()
  })

  it('follow the table of the design', () => {
    const subjectsOf = (name: string) => streamSpecs(streamsConfig, 'ops').find((spec) => spec.name === name)?.subjects
    expect(subjectsOf('METRICS')).toEqual(['ops.metric.>', 'ops.check.>', 'ops.agent.>'])
    expect(subjectsOf('EVENTS')).toEqual(['health', 'alert', 'notify', 'heal', 'backup', 'report', 'change'].map((kind) => `ops.${kind}.>`))
    expect(subjectsOf('LOGS')).toEqual(['ops.log.>'])
    expect(subjectsOf('AUDIT')).toEqual(['ops.audit.>'])
    expect(subjectsOf('DEAD')).toEqual(['ops.dead.>'])
  })

  it.each([...streamSpecs(streamsConfig, 'ops'), ...bucketSpecs(streamsConfig, 'ops')])('bound $name in bytes', (spec) => {
    expect(spec.max_bytes).toBeGreaterThan(0)
    expect(spec.max_msg_size).toBeGreaterThan(0)
    expect(spec.max_msg_size).toBeLessThanOrEqual(spec.max_bytes / 4)
  })

  it('have a prefix in every namespace but ops, and share nothing with it', () => {
    expect(streamNames.map((name) => streamId(name, 'ops'))).toEqual(streamNames)
    expect(streamId('EVENTS', 'lab-2')).toBe('LAB-2_EVENTS')
    const ops = [...streamSpecs(streamsConfig, 'ops'), ...bucketSpecs(streamsConfig, 'ops')]
    const lab = [...streamSpecs(streamsConfig, 'lab'), ...bucketSpecs(streamsConfig, 'lab')]
    const names = [...ops, ...lab].map((spec) => spec.name)
    const subjects = [...ops, ...lab].flatMap((spec) => spec.subjects)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(subjects).size).toBe(subjects.length)
  })

  it('never forget ids later than the messages themselves', () => {
    const brief = { ...streamsConfig, events: { ...streamsConfig.events, max_age: 60_000 } }
    const events = streamSpecs(brief, 'ops').find((spec) => spec.name === 'EVENTS')
    expect(events?.duplicate_window).toBe(events?.max_age)
  })

  it('say how much file storage they reserve', () => {
    const all = [...streamSpecs(streamsConfig, 'ops'), ...bucketSpecs(streamsConfig, 'ops')].reduce((sum, spec) => sum + spec.max_bytes, 0)
    expect(reservedFileBytes(streamsConfig, 'ops')).toBe(all)
    const inMemory = { ...streamsConfig, metrics: { ...streamsConfig.metrics, storage: 'memory' as const } }
    expect(reservedFileBytes(inMemory, 'ops')).toBe(all - streamsConfig.metrics.max_bytes)
    expect(bucketSpecs(streamsConfig, 'ops')).toHaveLength(bucketNames.length)
  })
})
