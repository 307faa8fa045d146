import { describe, expect, it } from 'vitest'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { GroupBook, type Saying } from '../../src/group/group-book.ts'
import { rootRouteSchema } from '../../src/route/route-config.ts'
import { compileRoutes } from '../../src/route/route-tree.ts'
import { exampleEvent } from '../example-notification.ts'

const oneValueBytes = 1024 * 1024
const longText = '높'.repeat(8192)
const manyLabels = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`label-${index}`, 'x'.repeat(1024)]))

/** All alerts in one group, told on as many channels as a configuration may have. */
function open() {
  const channels = Array.from({ length: 64 }, (_, index) => ({ name: `hook-${index}`, kind: 'webhook' as const }))
  const book = new GroupBook({
    routes: compileRoutes(rootRouteSchema.parse({ group_by: [], channels: channels.map(({ name }) => name) }), {}),
    channels,
    muters: [],
    ladderOf: () => null,
    figuresOf: () => null,
    channelsOf: () => null,
  })
  let nowMs = 1_000_000
  return {
    book,
    take: (change: Partial<AlertEvent>): Saying[] => book.take(exampleEvent({ id: `event-${nowMs}`, ...change }), nowMs++),
    due: (): Saying[] => book.takeDue((nowMs += 3_600_000)),
  }
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

describe('a group is one value of the store', () => {
  it('however long its texts and labels are: what does not fit opens another group of the same labels', () => {
    const { book, take } = open()
    for (let index = 0; index < 60; index++) take({ fingerprint: `f${index}`, summary: longText, labels: manyLabels })
    const groups = [...book.all()]
    expect(groups.length).toBeGreaterThan(1)
    expect(groups.flatMap(({ members }) => Object.keys(members))).toHaveLength(60)
    for (const group of groups) expect(bytesOf(group)).toBeLessThan(oneValueBytes / 2)
  })

  it('also when the texts of alerts that it holds already grow: they are cut, and their labels are not', () => {
    const { book, take } = open()
    for (let index = 0; index < 200; index++) take({ fingerprint: `f${index}`, labels: { name: 'y'.repeat(1024) } })
    for (let index = 0; index < 200; index++)
      take({ fingerprint: `f${index}`, phase: 'updated', labels: { name: 'y'.repeat(1024) }, summary: longText, reason: longText })
    for (const group of book.all()) {
      expect(bytesOf(group)).toBeLessThan(700 * 1024)
      for (const { event } of Object.values(group.members)) expect(event.labels['name']).toHaveLength(1024)
    }
  })

  it('together with what it said: a message carries what fits, counts the rest, and goes to any number of channels', () => {
    const { take, due } = open()
    for (let index = 0; index < 15; index++) take({ fingerprint: `f${index}`, summary: longText })
    const [saying] = due()
    const [first] = saying?.notifications ?? []
    expect(saying?.notifications).toHaveLength(64)
    expect(first?.message.firing).toBe(15)
    expect(first?.message.alerts.length).toBeLessThan(15)
    expect(bytesOf(saying?.group) + bytesOf(first?.message)).toBeLessThan(oneValueBytes)
    expect(bytesOf(first)).toBeLessThan(oneValueBytes / 2)
  })
})
