import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Level } from '../../../src/rules/rule.ts'
import type { Standing } from '../../../src/rules/standing.ts'
import { emptyHistory, judgeRun } from '../../../src/tracking/window/run.ts'

const levels: Level[] = [{ severity: 'warning', threshold: 1, clear: 1 }]
const judge = (run: { times: number; of: number }, standings: readonly Standing[]) => {
  const history = emptyHistory(levels)
  return standings.map((standing) => judgeRun(history, levels, run, { warning: standing })?.warning)
}

it('three in a row need three, and a clear one ends them at once', () => {
  expect(judge({ times: 3, of: 3 }, ['over', 'over', 'over', 'over', 'clear', 'over'])).toEqual([
    undefined,
    undefined,
    'over',
    'over',
    'clear',
    'between',
  ])
})

it('two of four stay on while two of the last four are over', () => {
  expect(judge({ times: 2, of: 4 }, ['clear', 'clear', 'clear', 'over', 'over', 'clear', 'clear', 'clear'])).toEqual([
    undefined,
    undefined,
    'clear',
    'between',
    'over',
    'over',
    'over',
    'clear',
  ])
})

it('n of m agrees with a naive count, whatever comes, up to 32 samples; what is not known yet is not said', () => {
  const run = fc.integer({ min: 1, max: 32 }).chain((of) => fc.record({ of: fc.constant(of), times: fc.integer({ min: 1, max: of }) }))
  const standing = fc.constantFrom<Standing>('over', 'between', 'clear')
  fc.assert(
    fc.property(run, fc.array(standing, { maxLength: 100 }), ({ times, of }, standings) => {
      for (const [index, found] of judge({ times, of }, standings).entries()) {
        const last = standings.slice(Math.max(0, index + 1 - of), index + 1)
        const overs = last.filter((one) => one === 'over').length
        const newest = standings[index] === 'over' ? 'between' : standings[index]
        const unknown = of - last.length
        const wanted = overs >= times ? 'over' : overs + unknown >= times ? undefined : newest
        expect(found).toBe(wanted)
      }
    }),
  )
})
