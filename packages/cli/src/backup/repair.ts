import { check as checkRepository } from '@nightshift/backup/check/check'
import { acquireLock } from '@nightshift/backup/lock/repository-lock'
import { repair as repairRepository, type RepairReport } from '@nightshift/backup/repair/repair'
import { readFlags, type Terminal } from '../commands/command.ts'
import { confirm } from './confirm.ts'
import { chosenDestinations, localFlags, openLocalBackup, withDestination, type LocalBackup } from './local-backup.ts'
import { noteActs } from './note-act.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup repair [--to DESTINATION] [--read-data] [--drop-unreadable] [--rewrite-snapshots] [--yes] [--json] [--config FILE]
  says what it would do, asks, and does it; by itself it only makes the index anew, which loses nothing
  --read-data          reads everything first: finds damaged pieces, not only what is missing
  --drop-unreadable    reads everything, and removes damaged packs after what is whole in them was stored anew
  --rewrite-snapshots  writes snapshots that still miss something anew without it: only when the backup ran once more
  --yes                does it without asking
  --data, --nats       the bus whose backup service writes it into the audit; the repair itself needs none`

const lockWaitMs = 60_000
const maxShown = 10

interface Flags {
  readonly 'read-data': boolean
  readonly 'drop-unreadable': boolean
  readonly 'rewrite-snapshots': boolean
  readonly yes: boolean
  readonly json: boolean
  readonly data?: string | undefined
  readonly nats?: string | undefined
}

/** What a repair may remove, as the flags allow it. */
type Allowed = Pick<Flags, 'drop-unreadable' | 'rewrite-snapshots'>

/** Puts damaged repositories in order; answers 1 when something is left that a person must decide. */
export const repair: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...localFlags,
      to: { type: 'string' },
      'read-data': { type: 'boolean', default: false },
      'drop-unreadable': { type: 'boolean', default: false },
      'rewrite-snapshots': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    } as const
    const { values } = readFlags({ usage }, { args, options })
    const local = await openLocalBackup(values, terminal)
    let isInOrder = true
    for (const name of chosenDestinations(local, values.to)) if (!(await repairOne(local, name, values, terminal))) isInOrder = false
    return isInOrder ? 0 : 1
  },
}

async function repairOne(local: LocalBackup, name: string, flags: Flags, terminal: Terminal): Promise<boolean> {
  const { host: hostname, clock, signal } = local
  const say = (text: string): void => {
    if (!flags.json) terminal.out(`${name}: ${text}`)
  }
  const finish = (report: RepairReport): boolean => {
    if (flags.json) terminal.out(JSON.stringify({ destination: name, ...report }))
    const hints = hintsOf(report, flags)
    for (const hint of hints) say(hint)
    return hints.length === 0
  }
  const isReading = flags['read-data'] || flags['drop-unreadable']
  const damagedPacks = isReading ? await damagedPacksOf(local, name, terminal) : []
  const terms = { hostname, clock, signal, waitMs: lockWaitMs, damagedPacks }
  // Each time with an index that was read anew: a repair changes it.
  const plan = await withDestination(local, name, async ({ repository }) => await repairRepository(repository, { ...terms, dryRun: true }))
  const steps = stepsOf(plan, flags)
  for (const step of steps) say(step)
  if (steps.length === 0) {
    const isInOrder = finish(plan)
    if (isInOrder) say(`nothing to repair${isReading ? '' : '; damaged pieces are seen with --read-data only'}`)
    return isInOrder
  }
  if (!flags.yes && !(await confirm(`${name}: do this?`, terminal))) {
    finish(plan)
    say('nothing was changed; --yes does it')
    return false
  }
  const changes = { removeDamagedPacks: flags['drop-unreadable'], rewriteSnapshots: flags['rewrite-snapshots'] }
  const report = await withDestination(local, name, async ({ repository }) => await repairRepository(repository, { ...terms, ...changes }))
  const { salvagedBlobs, lostBlobs } = report
  say(`done${salvagedBlobs + lostBlobs > 0 ? `: ${salvagedBlobs} pieces saved, ${lostBlobs} lost` : ''}`)
  const act = { action: 'backup.repair', target: name, outcome: 'done', reason: steps.join('; ') } as const
  await noteActs([act], { data: flags.data, nats: flags.nats, host: hostname }, terminal)
  return finish(report)
}

async function damagedPacksOf(local: LocalBackup, name: string, terminal: Terminal): Promise<string[]> {
  const { host: hostname, clock, signal } = local
  const onProgress = (read: number, all: number): void => terminal.status?.(`${name}: ${read} of ${all} packs read`)
  const report = await withDestination(local, name, async ({ repository }) => {
    const lock = await acquireLock(repository, { exclusive: false, hostname, clock, signal, waitMs: lockWaitMs })
    try {
      return await checkRepository(repository, { readData: true, signal: AbortSignal.any([signal, lock.signal]), onProgress })
    } finally {
      await lock.release()
      terminal.status?.('')
    }
  })
  const found = report.findings.flatMap(({ code, file }) => ((code === 'blob_damaged' || code === 'pack_damaged') && file ? [file.id] : []))
  return [...new Set(found)]
}

/** What the repair changes, as far as the flags allow it. Pure. */
function stepsOf(plan: RepairReport, allowed: Allowed): string[] {
  const steps: string[] = []
  const step = (count: number, what: string): void => void (count > 0 && steps.push(what))
  step(plan.addedPacks.length, `would add ${packs(plan.addedPacks)} to the index that it does not know, or knows wrongly`)
  step(
    plan.forgottenPacks.length,
    `would forget ${packs(plan.forgottenPacks)} of the index that are not there: the next backup stores again what it finds of them`,
  )
  step(plan.damagedIndexes.length, `would make ${plan.damagedIndexes.length} index files that cannot be read anew from the packs`)
  if (allowed['drop-unreadable'])
    step(plan.damagedPacks.length, `would store anew what is whole in damaged packs, and remove them: ${packs(plan.damagedPacks)}`)
  if (!allowed['rewrite-snapshots']) return steps
  // What a snapshot misses is known when the index tells of all packs.
  if (plan.addedPacks.length > 0) steps.push('would then write snapshots that still miss something anew without it')
  else
    for (const { id, lostCount, lostPaths } of plan.snapshots)
      steps.push(`would write the snapshot ${id.slice(0, 8)} anew without ${paths(lostCount, lostPaths)}`)
  return steps
}

/** What is left, and what a person may do about it. Pure. */
function hintsOf(report: RepairReport, allowed: Allowed): string[] {
  const hints: string[] = []
  if (report.damagedPacks.length > 0 && !allowed['drop-unreadable'])
    hints.push(`damaged: ${packs(report.damagedPacks)}; --drop-unreadable stores anew what is whole in them, and removes them`)
  const isKnown = !report.dryRun || report.addedPacks.length === 0
  if (report.snapshots.length > 0 && isKnown && !allowed['rewrite-snapshots']) {
    for (const { id, lostCount, lostPaths } of report.snapshots.slice(0, maxShown))
      hints.push(`the snapshot ${id.slice(0, 8)} misses ${paths(lostCount, lostPaths)}`)
    hints.push('run the backup once more: it stores again what is still there; what is missing then goes with --rewrite-snapshots')
  }
  return hints
}

function packs(ids: readonly string[]): string {
  return `${ids.length} ${ids.length === 1 ? 'pack' : 'packs'} (${some(ids.map((id) => id.slice(0, 8)))})`
}

function some(texts: readonly string[]): string {
  return `${texts.slice(0, maxShown).join(', ')}${texts.length > maxShown ? ', …' : ''}`
}

function paths(count: number, shown: readonly string[]): string {
  return `${count} ${count === 1 ? 'path' : 'paths'}: ${some(shown)}`
}
