import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { logRotationOf } from './campaigns/log-rotation.ts'

/** The campaign `log-rotation` does the same with 1 GiB. */
const campaign = logRotationOf('log-rotation', 8, 6)

test('every line of a log that is rotated ten times is counted once, across a kill -9 of the collector', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-rotation-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const said: string[] = []
  const { facts, violations } = await campaign.run({ random: () => 0.5, seed: 1, folder, say: (line) => void said.push(line) })
  expect({ violations, said, facts }).toMatchObject({ violations: [], facts: { lines_twice: 0, sum_of_numbers_off: 0 } })
})
