import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Budget } from '../../src/channels/sms/budget.ts'
import { AlerterBed, until } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'

const hourMs = 3_600_000
const phone = '+821012345678'

describe('the budget of a phone', () => {
  it('is a quarter for a process that was told nothing, and whole for one that was told that there was nothing', () => {
    const [untold, told] = [new Budget(8, 0), new Budget(8, 0)]
    told.restore({})
    const takeAll = (budget: Budget): number => Array.from({ length: 10 }, () => budget.take(phone, 0)).filter((taken) => taken).length
    expect([takeAll(untold), takeAll(told)]).toEqual([2, 8])
  })

  it('counts what went out within 24 hours, also in the process before, and gives back what did not go out', () => {
    const before = new Budget(3, 0)
    before.restore({})
    for (let hour = 0; hour < 3; hour++) expect(before.take(phone, hour * hourMs)).toBe(true)
    const after = new Budget(3, 4 * hourMs)
    after.restore(before.kept())
    expect(after.take(phone, 4 * hourMs)).toBe(false)
    expect(after.take(phone, 24 * hourMs)).toBe(true)
    expect(after.take(phone, 24 * hourMs)).toBe(false)
    after.giveBack(phone)
    expect(after.take(phone, 24 * hourMs)).toBe(true)
    expect(JSON.stringify(after.kept())).not.toContain('1012345678')
  })

  it('stays within what one value of the store may hold for a phone', () => {
    const budget = new Budget(1000, 0)
    budget.restore({})
    for (let hour = 0; hour < 100; hour++) for (let count = 0; count < 30; count++) budget.take(phone, 500_000 * hourMs + hour * hourMs)
    for (const [key, text] of Object.entries(budget.kept())) expect([key.length <= 64, text.length <= 1024]).toEqual([true, true])
  })
})

describe('with a real bus', () => {
  let bed: AlerterBed
  let receiver: Receiver
  beforeAll(async () => void ([bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])))
  afterAll(async () => {
    await bed.close()
    await receiver.stop()
  })

  it('a restart gives nobody more messages than a day holds', async () => {
    const sms = { kind: 'sms', url: receiver.url, body: 'to={phone}&text={text}', to: [phone], daily_budget: 2 }
    const config = {
      default_rules: false,
      rules: { 'web-down': { check: '*', severity: 'critical' } },
      channels: { sms, log: { kind: 'log' } },
    }
    const settled = (): number => bed.notifies.filter(({ channel, outcome }) => channel === 'sms' && outcome !== 'deferred').length
    const first = await bed.startWorking(config)
    await bed.health('failing', 'one')
    await bed.health('failing', 'two')
    await until(() => settled() === 2)
    await first.stop()
    await bed.startWorking(config)
    await bed.health('failing', 'three')
    await until(() => settled() >= 3)
    expect(receiver.requests).toHaveLength(2)
    expect(bed.notifies.find(({ channel, outcome }) => channel === 'sms' && outcome === 'dead')?.error).toContain('daily_budget')
  })
})
