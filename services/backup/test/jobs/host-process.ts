import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { NightshiftError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { backupConfigSchema } from '../../src/config.ts'
import { performRun } from '../../src/jobs/perform-run.ts'
import { Destinations } from '../../src/local/destinations.ts'
import { prune } from '../../src/prune/prune.ts'

/**
 * A host at work on a repository that it shares, until its time is up: `run` backs up a folder that changes and forgets all but the last two
 * snapshots, `prune` removes at once what nobody needs. Prints what it did; ends with 1 after any failure but a lock that was not given.
 */
const [what = '', host = '', folder = '', password = '', lastsMs = '0'] = process.argv.slice(2)
const data = join(folder, host)
mkdirSync(data, { recursive: true })
const config = backupConfigSchema.parse({
  password,
  destinations: { disk: { kind: 'local', path: join(folder, 'repository') } },
  jobs: { files: { source: { kind: 'directory', paths: [data] }, keep: { last: 2 } } },
  workers: 1,
})
const destinations = new Destinations(config, { host, nats: baseConfigSchema.parse({}).nats, clock: systemClock })
const signal = AbortSignal.timeout(60_000)
const did = { done: 0, locked: 0, forgotten: 0, removedPacks: 0 }
const endMs = performance.now() + Number(lastsMs)
for (let turn = 0; performance.now() < endMs; turn++) {
  try {
    await (what === 'run' ? runOnce(turn) : pruneOnce())
    did.done++
  } catch (error) {
    if (!(error instanceof NightshiftError) || error.code !== 'repository_locked') throw error
    did.locked++
  }
}
process.stdout.write(JSON.stringify(did))

async function runOnce(turn: number): Promise<void> {
  // One file changes and one comes and goes, so that old snapshots have what new ones lack, and get it back.
  writeFileSync(join(data, 'changes'), Buffer.alloc(60_000, `${host} ${turn}`))
  writeFileSync(join(data, 'returns'), Buffer.alloc(60_000, `${turn % 4}`))
  const { destinations: outcomes } = await performRun({
    job: 'files',
    config: config.jobs['files'] ?? fail(),
    run: newId(Date.now()),
    name: 'run',
    host,
    username: 'test',
    version: '0.0.0',
    timezone: 'UTC',
    destinations,
    workers: 1,
    workDir: mkdtempSync(join(folder, 'work-')),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    signal,
    lockWaitMs: 20_000,
    onProgress: () => undefined,
  })
  did.forgotten += outcomes.reduce((sum, { forgotten }) => sum + forgotten, 0)
}

async function pruneOnce(): Promise<void> {
  const open = await destinations.open('disk', signal)
  try {
    const report = await prune(open.repository, { hostname: host, clock: systemClock, signal, graceMs: 0, maxUnused: 0, waitMs: 20_000 })
    did.removedPacks += report.removedPacks
  } finally {
    await open.close()
  }
}

function fail(): never {
  throw new Error('no job')
}
