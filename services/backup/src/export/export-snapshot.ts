import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { ConfigError, describeError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import type { Repository } from '../repository/repository.ts'
import type { TreeNode } from '../snapshot/node.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { isThere } from '../restore/files/change-places.ts'
import type { ArchiveFile, ArchiveWriter } from './archive-writer.ts'
import { isSecretPath } from './secret-names.ts'
import { contentOf, snapshotEntries } from './snapshot-entries.ts'
import { TarWriter } from './tar-writer.ts'
import { ZipWriter } from './zip-writer.ts'

export type ExportFormat = 'zip' | 'tar.gz'

interface ExportOptions {
  readonly to: string
  readonly format: ExportFormat
  readonly paths?: readonly string[] | undefined
  /** Also what looks like a secret. */
  readonly withSecrets: boolean
  readonly signal: AbortSignal
  onProgress(progress: { doneBytes: number; doneItems: number; path: string }): void
}

interface ExportResult {
  readonly files: number
  readonly bytes: number
  /** What looks like a secret and was left out: the first thousand. */
  readonly secrets: readonly string[]
  readonly secretCount: number
  /** Devices, sockets and the like, for which there is no place in an archive. */
  readonly leftOut: number
}

const maxNamed = 1000

/** Writes a snapshot, or a part of it, into an archive that anybody can open. The file appears when it is whole. Memory stays bounded. */
export async function exportSnapshot(repository: Repository, snapshot: Snapshot, options: ExportOptions): Promise<ExportResult> {
  const { to, format, signal } = options
  if (isThere(to)) throw new ConfigError('export_exists', `${to} is there already; name another file`)
  const draft = `${to}.part`
  const writer: ArchiveWriter = format === 'zip' ? new ZipWriter() : new TarWriter()
  const stopped = new AbortController()
  const both = AbortSignal.any([signal, stopped.signal])
  const written = pipeline(writer.stream, createWriteStream(draft, { flags: 'wx', mode: 0o600 }), { signal: both })
  // It is awaited below; until then a failure must not end the process.
  written.catch((error: unknown) => stopped.abort(error))
  try {
    const result = await feed(writer, repository, snapshot, { ...options, signal: both })
    await writer.end()
    await written
    await rename(draft, to)
    return result
  } catch (cause) {
    stopped.abort(cause)
    await written.catch(() => undefined)
    await rm(draft, { force: true })
    signal.throwIfAborted()
    if (cause instanceof NightshiftError) throw cause
    throw new EffectError('export_failed', `${to} could not be written: ${describeError(cause)}`, { cause })
  }
}

async function feed(writer: ArchiveWriter, repository: Repository, snapshot: Snapshot, options: ExportOptions): Promise<ExportResult> {
  const result = { files: 0, bytes: 0, secrets: [] as string[], secretCount: 0, leftOut: 0 }
  for await (const { path, node } of snapshotEntries(repository, snapshot, options.paths, options.signal)) {
    const name = path.slice(1)
    if (node.type !== 'dir' && !options.withSecrets && isSecretPath(path)) {
      result.secretCount++
      if (result.secrets.length < maxNamed) result.secrets.push(path)
    } else if (node.type === 'dir') await writer.folder(`${name}/`, aboutOf(node))
    else if (node.type === 'file') {
      options.onProgress({ doneBytes: result.bytes, doneItems: result.files, path })
      await writer.file(name, aboutOf(node), contentOf(repository, node, options.signal))
      result.files++
      result.bytes += node.size
    } else if (node.type === 'symlink' && node.linkTarget !== undefined) await writer.link(name, aboutOf(node), node.linkTarget.toString())
    else result.leftOut++
  }
  return result
}

function aboutOf({ mode, mtimeNs, size, uid, gid, user, group }: TreeNode): ArchiveFile {
  return { mode: mode & 0o7777, modified: new Date(Number(mtimeNs / 1_000_000n)), sizeBytes: size, uid, gid, user, group }
}
