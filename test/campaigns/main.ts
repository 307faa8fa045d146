import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { alerterDiskFull } from './alerter-disk-full.ts'
import { alerterKill } from './alerter-kill.ts'
import { alerterTakeover } from './alerter-takeover.ts'
import { backupKill } from './backup-kill.ts'
import { backupPruneKill } from './backup-prune-kill.ts'
import { brokerAwayFor } from './broker-away.ts'
import { seededRandom, type Campaign } from './campaign.ts'
import { killUp } from './kill-up.ts'
import { logRotationOf } from './log-rotation.ts'

const campaigns: Campaign[] = [
  brokerAwayFor(10),
  brokerAwayFor(60),
  brokerAwayFor(300),
  killUp,
  alerterKill,
  alerterDiskFull,
  alerterTakeover,
  logRotationOf('log-rotation', 1024),
  logRotationOf('log-rotation-small', 32),
  backupKill,
  backupPruneKill,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' }, kills: { type: 'string' } },
})
const campaign = campaigns.find(({ name }) => name === positionals[0])
if (campaign === undefined) {
  process.stderr.write(
    `usage: npm run campaign -- NAME [--runs N] [--seed S] [--kills N]\n${campaigns.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join('\n')}\n`,
  )
  process.exit(2)
}

let failed = 0
for (let run = 0; run < Number(values.runs); run++) {
  const seed = Number(values.seed) + run
  const folder = mkdtempSync(join(tmpdir(), `nightshift-${campaign.name}-`))
  const startedMs = performance.now()
  const say = (line: string): void => void process.stdout.write(`  ${line}\n`)
  const kills = values.kills === undefined ? {} : { kills: Number(values.kills) }
  const outcome = await campaign.run({ random: seededRandom(seed), seed, folder, say, ...kills })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const facts = Object.entries(outcome.facts).map(([name, value]) => `${name}=${value}`)
  process.stdout.write(
    `${campaign.name} seed ${seed}: ${outcome.violations.length === 0 ? 'passed' : 'FAILED'} in ${seconds} s; ${facts.join(' ')}\n`,
  )
  outcome.exceptions?.forEach((exception) => process.stdout.write(`  allowed: ${exception}\n`))
  outcome.violations.forEach((violation) => process.stdout.write(`  violation: ${violation}\n`))
  if (outcome.violations.length === 0) rmSync(folder, { recursive: true, force: true })
  else process.stdout.write(`  kept for a look: ${folder}\n`)
  failed += outcome.violations.length === 0 ? 0 : 1
  const { facts: figures, violations } = outcome
  process.stdout.write(
    `${JSON.stringify({ campaign: campaign.name, seed, passed: violations.length === 0, facts: figures, violations })}\n`,
  )
}
process.exitCode = failed === 0 ? 0 : 1
