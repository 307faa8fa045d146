import { readSync, openSync, closeSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { backup, DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { EffectError } from '@nightshift/shared/errors'

/** How long a writer that holds the database is waited for. */
const busyTimeoutMs = 30_000
/** Between two portions an abort is noticed: 64 MiB of usual pages. */
const pagesPerStep = 16_384

/**
 * A copy of a database as it is at one moment, page by page, so that equal pages stay where they are. One read transaction spans it: in WAL
 * mode writers go on meanwhile, else they wait for its end. Without the transaction each write would begin the copy anew.
 */
export async function copyDatabase(from: string, to: string, signal: AbortSignal): Promise<void> {
  const before = stateOf(from)
  if (before.isAtRest) {
    await copyPages(from, to, 'at rest', signal)
    const after = stateOf(from)
    if (after.isAtRest && after.mark === before.mark) return
    await rm(to, { force: true })
  }
  await copyPages(from, to, 'shared', signal)
}

async function copyPages(from: string, to: string, how: 'at rest' | 'shared', signal: AbortSignal): Promise<void> {
  const source = open(from, how)
  try {
    source.exec('BEGIN')
    source.prepare('SELECT count(*) FROM sqlite_schema').get()
    await backup(source, to, { rate: pagesPerStep, progress: () => signal.throwIfAborted() })
    source.exec('COMMIT')
  } catch (cause) {
    await rm(to, { force: true })
    if (signal.aborted) throw new EffectError('aborted', 'the run was stopped', { cause, transient: true })
    throw new EffectError(
      'sqlite_unreadable',
      `cannot copy the SQLite database ${from}: look whether it is damaged, encrypted or locked for long`,
      {
        cause,
        transient: true,
      },
    )
  } finally {
    source.close()
  }
}

/**
 * Whoever opens a database in WAL mode makes its `-wal` and `-shm` files, and who may only read cannot remove them again. One that nobody has
 * open is read as it lies there instead, and what its file says before and after tells whether somebody came meanwhile.
 */
function open(path: string, how: 'at rest' | 'shared'): DatabaseSync {
  const url = pathToFileURL(path)
  if (how === 'at rest') url.searchParams.set('immutable', '1')
  try {
    return new DatabaseSync(url, { readOnly: true, timeout: busyTimeoutMs })
  } catch (cause) {
    throw new EffectError('sqlite_unreadable', `cannot open ${path} as a SQLite database: look at its permissions`, { cause })
  }
}

function stateOf(path: string): { isAtRest: boolean; mark: string } {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined) return { isAtRest: false, mark: '' }
  const hasLog = statSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined
  return { isAtRest: !hasLog && isWalMode(path), mark: `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` }
}

/** Byte 18 of the header: https://www.sqlite.org/fileformat.html#file_format_version_numbers */
function isWalMode(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(19)
    return readSync(file, head, 0, head.length, 0) === head.length && head[18] === 2
  } finally {
    closeSync(file)
  }
}
