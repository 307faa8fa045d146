import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findGroup } from '@nightshift/shared/metrics/catalogue'
import { dirSource } from '../../src/sources/dir.ts'
import type { Source } from '../../src/sources/source.ts'
import { keptLog } from '../kept-log.ts'
import { config, temporaryFolder } from '../service-on-broker.ts'
import { sourceContext } from '../source-context.ts'
import { TurnedClock } from '../turned-clock.ts'

function open(root: string, paths: string[]): { source: Source; lines: string[]; clock: TurnedClock } {
  const { log, lines } = keptLog()
  const clock = new TurnedClock()
  const source = dirSource.open(
    { proc: '/proc', sys: '/sys', root },
    config({ groups: { dir: { paths } } }).groups.dir,
    sourceContext({ log, clock, everyMs: 60_000 }),
  )
  onTestFinished(() => source.close())
  return { source, lines, clock }
}

test('the directories of the config are measured, as the host names them; one that cannot be read is null and said once', async () => {
  const root = temporaryFolder()
  mkdirSync(join(root, 'var/lib/app'), { recursive: true })
  writeFileSync(join(root, 'var/lib/app/data'), Buffer.alloc(5000))
  const { source, lines } = open(root, ['/var/lib/app', '/var/lib/gone'])
  const reading = await source.read(null)
  await source.read(300)
  expect(reading.items).toEqual([
    expect.objectContaining({ path: '/var/lib/app', apparent_bytes: 5000, files: 1, directories: 0, truncated: 0 }),
    expect.objectContaining({ path: '/var/lib/gone', apparent_bytes: null, truncated: null }),
  ])
  expect(reading.unreadable).toBe(1)
  expect(lines.filter((line) => line.includes('the size of /var/lib/gone cannot be told'))).toHaveLength(1)
  const known = ['path', ...Object.keys(findGroup('dir')?.items?.fields ?? {})]
  expect(reading.items?.flatMap((item) => Object.keys(item)).filter((key) => !known.includes(key))).toEqual([])
})

test('without a directory in the config the group is not to be had', async () => {
  await expect(async () => open('/', []).source.read(null)).rejects.toMatchObject({ code: 'unsupported_group' })
})
