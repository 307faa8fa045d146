import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, ConflictError } from '../errors.ts'
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts'

export interface FolderLock {
  release(): void
}

const attempts = 5

/**
 * Makes the folder (mode 0700) and takes it for this process alone: two brokers on one store, or two services on one state, lose data. A
 * lock left by a process that is gone is taken over. `flag` is how to choose another folder. Throws ConflictError `folder_in_use`,
 * ConfigError `folder_unwritable`.
 */
export function lockFolder(folder: string, flag: string): FolderLock {
  const path = join(folder, 'lock')
  const self = identifyProcess(process.pid)
  if (self === undefined)
    throw new ConfigError('no_process_table', "cannot read this system's process table; is /proc mounted, or ps installed?")
  const mine = join(folder, `lock.${process.pid}.${randomUUID()}`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(mine, JSON.stringify(self), { mode: 0o600 })
  } catch (cause) {
    throw new ConfigError(
      'folder_unwritable',
      `cannot write to ${folder}; choose another folder with ${flag}, or mend its owner and mode`,
      { cause },
    )
  }
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (tryLink(mine, path)) return { release: () => releaseLock(path, self) }
      const holder = readIdentity(path)
      if (holder !== undefined && isAlive(holder)) {
        throw new ConflictError(
          'folder_in_use',
          `${folder} is in use by process ${holder.pid}; stop it (kill ${holder.pid}) or choose another folder with ${flag}`,
        )
      }
      setAside(path)
    }
    throw new ConflictError('folder_in_use', `${folder}: others keep taking its lock; is something starting nightshift in a loop?`)
  } finally {
    rmSync(mine, { force: true })
  }
}

/** link(2) fails when the target exists, so only one of several takers wins. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moved away first and then read again: a rename takes exactly one file, so a lock that was just taken anew is put back. */
function setAside(path: string): void {
  const aside = `${path}.stale.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const holder = readIdentity(aside)
  if (holder !== undefined && isAlive(holder)) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function releaseLock(path: string, self: ProcessIdentity): void {
  const holder = readIdentity(path)
  if (holder?.pid === self.pid && holder.started === self.started) rmSync(path, { force: true })
}

/** A recorded identity, or undefined when there is no such file or it is torn. */
export function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessIdentity>
    return typeof value.pid === 'number' && typeof value.started === 'string' ? { pid: value.pid, started: value.started } : undefined
  } catch {
    return undefined
  }
}
