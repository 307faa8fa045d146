import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseContainerList, parseInspection } from '../../src/containers/docker-answers.ts'
import { fixture } from '../fixture.ts'

describe('the list of a daemon', () => {
  test('of Docker 20.10, as recorded: name, image, state', () => {
    const [listed] = parseContainerList(JSON.parse(fixture('docker-20.10/containers.json')), 'docker')
    expect(listed?.facts).toMatchObject({ runtime: 'docker', name: 'm4probe', image: 'base:bookworm', isRunning: true })
    expect(listed?.facts).not.toHaveProperty('isHealthy')
  })

  test('tells health and exit code by its words; a link to a container is not its name (hand-written)', () => {
    const entry = { Id: 'x', Image: 'web:1', Names: ['/proxy/db', '/web'] }
    const states = [
      { State: 'running', Status: 'Up 3 minutes (healthy)' },
      { State: 'running', Status: 'Up 3 minutes (unhealthy)' },
      { State: 'running', Status: 'Up 1 second (health: starting)' },
      { State: 'exited', Status: 'Exited (137) 2 hours ago' },
      { State: 'restarting', Status: 'Restarting (1) 2 seconds ago' },
      { State: 'paused', Status: 'Up 2 hours (Paused)' },
    ]
    const facts = parseContainerList(
      states.map((state) => ({ ...entry, ...state })),
      'docker',
    ).map((each) => each.facts)
    expect(facts.map(({ isRunning, isHealthy, exitCode }) => [isRunning, isHealthy, exitCode])).toEqual([
      [true, true, undefined],
      [true, false, undefined],
      [true, null, undefined],
      [false, undefined, 137],
      [false, undefined, undefined],
      [true, undefined, undefined],
    ])
    expect(facts[0]?.name).toBe('web')
  })

  test('is bounded, and nothing in it can break it', () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ Id: String(index), State: 'running' }))
    expect(parseContainerList(many, 'docker')).toHaveLength(512)
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        const listed = parseContainerList([answer], 'docker')
        for (const { facts } of listed) parseInspection(answer, facts)
        expect(listed.length).toBeLessThanOrEqual(1)
      }),
    )
  })
})

test('an inspection of Docker 20.10, as recorded, adds starts, restarts and how the last run ended', () => {
  const [listed] = parseContainerList(JSON.parse(fixture('docker-20.10/containers.json')), 'docker')
  if (listed === undefined) throw new Error('the recorded list is empty')
  const facts = parseInspection(JSON.parse(fixture('docker-20.10/inspection.json')), listed.facts)
  expect(facts).toMatchObject({ name: 'm4probe', isRunning: true, restarts: 0, startedMs: expect.any(Number), endedByOom: false })
  expect(facts).not.toHaveProperty('finishedMs')
})
