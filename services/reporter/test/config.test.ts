import { expect, it } from 'vitest'
import { reporterConfigSchema } from '../src/config.ts'

it('needs nothing to be written', () => {
  expect(reporterConfigSchema.parse({})).toEqual({ title: 'Nightshift', keep_events: 500, max_viewers: 64, allowed_hosts: [] })
})

it('refuses what it does not know, numbers out of bounds, and host names with a port or a scheme', () => {
  const bad = [
    { titel: 'x' },
    { title: '' },
    { keep_events: 5 },
    { keep_events: 1e6 },
    { max_viewers: 0 },
    { allowed_hosts: ['https://x'] },
    { allowed_hosts: ['x:80'] },
  ]
  expect(bad.filter((config) => reporterConfigSchema.safeParse(config).success)).toEqual([])
})
