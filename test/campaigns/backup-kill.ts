import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from '@nightshift/cli/repository'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'

const program = join(repositoryRoot, 'services/backup/test/archive/archive-process.ts')
const kills = 30
/** Of the time that a first backup takes on this machine, with the start of its process; later ones have less to do. */
const latestKill = 0.8
const folders = 25
const filesPerFolder = 40
const largeFiles = 8
const largeBytes = 8 * 1024 ** 2

/**
 * A backup is killed with -9 at random moments while the files change between the runs, and then the restore of it. Each repository state must
 * hold what its index says, each snapshot must restore whole, and the last restore must be what lies on the disk.
 */
export const backupKill: Campaign = {
  name: 'backup-kill',
  summary: `a backup and its restore killed with -9 ${kills} times while files change; every state of the repository is looked at`,
  run: runCampaign,
}

async function runCampaign({ folder, random, say }: CampaignContext): Promise<Outcome> {
  const [source, repository, restored] = [join(folder, 'source'), join(folder, 'repository'), join(folder, 'restored')]
  makeFiles(source, random)
  const startedMs = performance.now()
  await run(['backup', join(folder, 'trial'), source])
  const longestMs = (performance.now() - startedMs) * latestKill
  const violations: string[] = []
  let [atWork, snapshots] = [0, 0]
  for (let kill = 0; kill < kills; kill++) {
    const isRestore = snapshots > 0 && random() < 0.3
    const args = isRestore ? ['restore', repository, restored] : ['backup', repository, source]
    atWork += Number(await runAndKill(args, random() * longestMs))
    const verdict = await run(['judge', repository, join(folder, 'judged')])
    rmSync(join(folder, 'judged'), { recursive: true, force: true })
    if (verdict.code !== 0) violations.push(`after kill ${kill}: ${verdict.output.slice(0, 500)}`)
    snapshots = Number(/(\d+) snapshots/.exec(verdict.output)?.[1] ?? snapshots)
    if (random() < 0.5) changeFiles(source, random)
  }
  say(`${kills} kills, ${atWork} of them in the middle of the work; ${snapshots} snapshots`)
  for (const args of [
    ['backup', repository, source],
    ['restore', repository, restored],
    ['compare', source, join(restored, source)],
  ]) {
    const { code, output } = await run(args)
    if (code !== 0) violations.push(`${args[0]}: ${output.slice(0, 500)}`)
  }
  return { facts: { kills, at_work: atWork, snapshots: snapshots + 1 }, violations }
}

function makeFiles(source: string, random: () => number): void {
  for (let number = 0; number < folders; number++) {
    mkdirSync(join(source, `folder-${number}`), { recursive: true })
    for (let file = 0; file < filesPerFolder; file++)
      writeFileSync(join(source, `folder-${number}`, `file-${file}`), noise(random() * 60_000, random))
  }
  for (let number = 0; number < largeFiles; number++) writeFileSync(join(source, `large-${number}`), noise(largeBytes, random))
}

function changeFiles(source: string, random: () => number): void {
  for (let change = 0; change < 20; change++) {
    const folder = join(source, `folder-${Math.floor(random() * folders)}`)
    const file = join(folder, `file-${Math.floor(random() * filesPerFolder)}`)
    // Nothing is removed: a restore over what an earlier one has left takes nothing away.
    appendFileSync(file, noise(random() * 10_000, random))
  }
  writeFileSync(join(source, `large-${Math.floor(random() * largeFiles)}`), noise(largeBytes, random))
}

/** Bytes that neither compress nor repeat. */
export function noise(sizeBytes: number, random: () => number): Buffer {
  const bytes = Buffer.alloc(Math.floor(sizeBytes / 4) * 4)
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), at)
  return bytes
}

/** True when it was killed while it was at work. */
async function runAndKill(args: readonly string[], afterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited])
  await Promise.race([delay(afterMs), exited])
  child.kill('SIGKILL')
  const [code] = (await exited) as [number | null]
  return code === null
}

async function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4096)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}
