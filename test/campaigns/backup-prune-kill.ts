import { setTimeout as delay } from 'node:timers/promises'
import type { RunningProgram } from './backup/backup-program.ts'
import { PruneScene, type Command } from './backup/prune-scene.ts'
import { lookAt, stageBetween, StageWatch, type Stage } from './backup/prune-stage.ts'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'

const defaultKills = 40
/** A little more than the grace: what one prune marked, the next removes. */
const betweenPrunesMs = 61 * 60_000
const dayMs = 86_400_000
/** When it is killed: at any moment that it holds the lock, or right after it began with something. */
const moments = ['any', 'any', 'repacking', 'indexing', 'removing', 'removing'] as const
const longestAfterStageMs = 10
const nextCommands: readonly Command[] = ['prune', 'forget', 'run', 'check']

/**
 * `nightshift backup prune` is killed with -9 at all its stages, between runs and forgetting that are killed too, sometimes while a run waits
 * for its lock. Whatever comes next must work without a hand, all that is stored must be readable, and every finished snapshot as it was.
 */
export const backupPruneKill: Campaign = {
  name: 'backup-prune-kill',
  summary: `a prune killed with -9 ${defaultKills} times at all its stages, between runs; every snapshot that was finished is still whole`,
  run: runCampaign,
}

interface Durations {
  run: number
  forget: number
  /** From its lock on. */
  prune: number
}

async function runCampaign({ folder, random, say, kills = defaultKills }: CampaignContext): Promise<Outcome> {
  const scene = await PruneScene.make(folder, random)
  const durations = await measure(scene)
  say(`undisturbed: run ${seconds(durations.run)}, forget ${seconds(durations.forget)}, prune after its lock ${seconds(durations.prune)}`)
  const killed: Record<Stage | 'ended', number> = { locked: 0, repacking: 0, indexing: 0, removing: 0, ended: 0 }
  let [others, waited] = [0, 0]
  for (let kill = 0; kill < kills; kill++) {
    const before = scene.violations.length
    scene.changeFiles()
    others += Number(await doOrKill(scene, 'run', durations.run, random))
    others += Number(await doOrKill(scene, 'forget', durations.forget, random))
    scene.program.putAhead(betweenPrunesMs)
    const { stage, waiting } = await killPrune(scene, durations.prune, random)
    killed[stage] += 1
    waited += Number(waiting !== undefined)
    scene.noteSnapshots(waiting === undefined ? 'prune' : 'run')
    const next = waiting === undefined ? (nextCommands[Math.floor(random() * nextCommands.length)] ?? 'check') : 'run'
    await scene.end(next, waiting ?? scene.start(next))
    if (next !== 'check') await scene.call('check')
    await scene.restore('two')
    for (let at = before; at < scene.violations.length; at++) scene.violations[at] = `kill ${kill} (${stage}): ${scene.violations[at]}`
    if ((kill + 1) % 10 === 0) say(`${kill + 1} kills, ${scene.violations.length} violations`)
  }
  const restic = await conclude(scene, say).catch((error: unknown) => {
    scene.violations.push(`the end could not be judged: ${String(error)}`)
    return 'not checked'
  })
  const { ended, ...stages } = killed
  return {
    facts: { kills, ...stages, came_too_late: ended, run_waited: waited, other_kills: others, ...scene.figures, restic },
    violations: scene.violations,
  }
}

/** Three runs, of which one is forgotten; the second prune has both to repack and to remove. */
async function measure(scene: PruneScene): Promise<Durations> {
  const durations: Durations = { run: 0, forget: 0, prune: 0 }
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < 2; number++) {
      scene.changeFiles()
      durations.run = (await scene.call('run')).durationMs
    }
    durations.forget = (await scene.call('forget')).durationMs
    scene.program.putAhead(betweenPrunesMs)
    const watch = new StageWatch(scene.repository)
    const prune = scene.start('prune')
    await Promise.race([watch.reached('locked'), prune.ended])
    const lockedMs = performance.now()
    await scene.end('prune', prune)
    durations.prune = performance.now() - lockedMs
    watch.close()
  }
  return durations
}

/** One in four is killed at a random moment; true when it was at work. */
async function doOrKill(scene: PruneScene, command: 'run' | 'forget', durationMs: number, random: () => number): Promise<boolean> {
  if (random() >= 0.25) {
    await scene.call(command)
    return false
  }
  const running = scene.start(command)
  await Promise.race([delay(random() * durationMs), running.ended])
  running.kill()
  const { code } = await running.ended
  scene.noteSnapshots(command)
  return code === null
}

/** Says what it was doing when it was killed, and gives the run that waited for it, if there was one. */
async function killPrune(
  scene: PruneScene,
  durationMs: number,
  random: () => number,
): Promise<{ stage: Stage | 'ended'; waiting: RunningProgram | undefined }> {
  const moment = moments[Math.floor(random() * moments.length)] ?? 'any'
  const afterMs = moment === 'any' ? random() * durationMs : random() < 0.5 ? 0 : random() * longestAfterStageMs
  const hasRun = random() < 0.25
  const before = lookAt(scene.repository)
  const watch = new StageWatch(scene.repository)
  try {
    const prune = scene.start('prune')
    await Promise.race([watch.reached('locked'), prune.ended])
    const waiting = hasRun ? scene.start('run') : undefined
    await Promise.race([watch.reached(moment === 'any' ? 'locked' : moment), prune.ended])
    if (afterMs > 0) await Promise.race([delay(afterMs), prune.ended])
    prune.kill()
    const ended = await prune.ended
    if (ended.code !== null) scene.expectDone('prune', ended)
    return { stage: ended.code === null ? stageBetween(before, lookAt(scene.repository)) : 'ended', waiting }
  } finally {
    watch.close()
  }
}

/** When prunes are left alone, nothing stays of what was cut off, and the real restic finds no fault. */
async function conclude(scene: PruneScene, say: CampaignContext['say']): Promise<string> {
  await scene.call('run')
  await scene.call('prune')
  scene.program.putAhead(dayMs + betweenPrunesMs)
  await scene.call('prune')
  const { removedPacks, markedPacks, repackedPacks } = await scene.ask<Record<string, number>>('prune')
  if (removedPacks !== 0 || markedPacks !== 0 || repackedPacks !== 0)
    scene.violations.push(`prunes do not come to an end: ${removedPacks} removed, ${markedPacks} marked, ${repackedPacks} repacked`)
  const leftovers = scene.leftovers()
  if (leftovers.length > 0) scene.violations.push(`${leftovers.length} leftovers stay, such as ${leftovers[0]}`)
  const { findings } = await scene.ask<{ findings: { message: string }[] }>('check')
  for (const { message } of findings.slice(0, 10)) scene.violations.push(`in the end: ${message}`)
  await scene.restore('all')
  if ((await scene.checkWithRestic()) !== undefined) return 'checked'
  say('skipped: restic check --read-data, because there is no restic on PATH or in RESTIC')
  return 'skipped'
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)} s`
}
