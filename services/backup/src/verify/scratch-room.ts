import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { formatSize } from '@nightshift/shared/config/scalars'
import { EffectError } from '@nightshift/shared/errors'
import type { JobConfig } from '../config/job-config.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** What stays free on the file system all the same. */
const spareBytes = 64 * 1024 * 1024
/** A loaded database lies beside its dump; its indexes are in no dump, and the dump may be compressed. */
const databaseFactor = 4

/** How much a drill of a snapshot takes up at most; null when the snapshot does not say how large it is. Pure. */
export function scratchBytes(sizeBytes: number | undefined, config: Pick<JobConfig, 'source' | 'drill'>): number | null {
  if (sizeBytes === undefined) return null
  const isFiles = config.source.kind === 'directory' || config.source.kind === 'command' || config.drill.load !== 'scratch'
  return sizeBytes * (isFiles ? 1 : databaseFactor) + spareBytes
}

/** Throws EffectError `drill_no_room` before the disk is filled. */
export async function needRoom(folder: string, snapshot: Snapshot, config: Pick<JobConfig, 'source' | 'drill'>): Promise<void> {
  const needBytes = scratchBytes(snapshot.summary?.bytesProcessed, config)
  if (needBytes === null) return
  await needFree(folder, needBytes, 'set verify.scratch_dir to where there is more')
  // As root a scratch server runs as another user, who cannot enter our folder: its data lies in the temporary folder.
  const isElsewhere = config.drill.load === 'scratch' && needsServer(config) && process.geteuid?.() === 0
  if (isElsewhere) await needFree(tmpdir(), needBytes, 'set TMPDIR of the service to where there is more')
}

async function needFree(folder: string, needBytes: number, advice: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  if (freeBytes >= needBytes) return
  const message = `${folder} has ${formatSize(freeBytes)} free and the drill may need ${formatSize(needBytes)}`
  throw new EffectError('drill_no_room', `${message}; free room, ${advice}, or set drill.schedule of the job to never`)
}

function needsServer({ source }: Pick<JobConfig, 'source'>): boolean {
  return !['directory', 'command', 'sqlite', 'nats'].includes(source.kind)
}
