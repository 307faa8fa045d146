import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { bundle, services } from '../../../scripts/bundle.mjs'

/** A program that makes backups: its command lines for each step. */
export interface BackupProgram {
  readonly name: string
  /** Left out when the time is up. */
  readonly isExtra: boolean
  init(repository: string): readonly string[]
  backup(repository: string, tree: string, name: string): readonly string[]
  /** Into the folder that it is started in. */
  restore(repository: string, name: string): readonly string[]
}

/** Ours as an image holds it: in the bundle of the service, with its flags. Verified and not. */
export async function ours(folder: string): Promise<BackupProgram[]> {
  const built = await bundle('backup', folder, { program: 'bench/src/backup/our-program.ts' })
  const start = [process.execPath, ...(services['backup']?.flags ?? []), join(built, 'program.js')]
  return [ourProgram('ours', 'backup', start), { ...ourProgram('ours_unverified', 'unverified', start), isExtra: true }]
}

function ourProgram(name: string, action: 'backup' | 'unverified', start: readonly string[]): BackupProgram {
  const command = (...args: string[]): string[] => [...start, ...args]
  return {
    name,
    isExtra: false,
    init: (repository) => command('init', repository),
    backup: (repository, tree) => command(action, repository, tree),
    restore: (repository) => command('restore', repository, '.'),
  }
}

function restic(name: string, binary: string, isExtra: boolean): BackupProgram {
  const command = (repository: string, ...args: string[]): string[] => [binary, '--quiet', '--repo', repository, ...args]
  return {
    name,
    isExtra,
    init: (repository) => command(repository, 'init'),
    backup: (repository, tree) => command(repository, 'backup', tree),
    restore: (repository) => command(repository, 'restore', 'latest', '--target', '.'),
  }
}

function borg(name: string, binary: string): BackupProgram {
  return {
    name,
    isExtra: true,
    init: (repository) => [binary, 'init', '--encryption', 'repokey', repository],
    backup: (repository, tree, archive) => [binary, 'create', '--compression', 'zstd,3', `${repository}::${archive}`, tree],
    restore: (repository, archive) => [binary, 'extract', `${repository}::${archive}`],
  }
}

/** The peers that this machine has: the restic of `RESTIC`, that of PATH, and borg. `say` is told which are missing. */
export function peers(say: (line: string) => void): BackupProgram[] {
  const found: BackupProgram[] = []
  const newer = process.env['RESTIC']
  const onPath = findOnPath('restic')
  for (const binary of new Set([newer, onPath])) {
    if (binary !== undefined && existsSync(binary)) found.push(restic(`restic_${versionOf(binary)}`, binary, found.length > 0))
  }
  if (found.length === 0) say('skipped: restic, because there is none on PATH or in RESTIC')
  const borgBinary = findOnPath('borg')
  if (borgBinary === undefined) say('skipped: borg, because there is none on PATH')
  else found.push(borg('borg', borgBinary))
  return found
}

function findOnPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
}

function versionOf(binary: string): string {
  return (/restic (\d+)\.(\d+)/.exec(execFileSync(binary, ['version'], { encoding: 'utf8' }))?.slice(1, 3) ?? ['unknown']).join('_')
}
