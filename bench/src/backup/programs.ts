import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { repositoryRoot } from '@nightshift/cli/repository'

/** A program that makes backups: its command lines for each step. */
export interface BackupProgram {
  readonly name: string
  init(repository: string): readonly string[]
  backup(repository: string, tree: string, name: string): readonly string[]
  /** Into the folder that it is started in. */
  restore(repository: string, name: string): readonly string[]
}

const ourProgram = join(repositoryRoot, 'bench/src/backup/our-program.ts')
/** As recommended for the backup service: V8 keeps its heap small, which is not where the work is done. */
const flags = ['--max-semi-space-size=1', '--optimize-for-size']

export function ours(name: string, action: 'backup' | 'unverified'): BackupProgram {
  const command = (...args: string[]): string[] => [process.execPath, ...flags, ourProgram, ...args]
  return {
    name,
    init: (repository) => command('init', repository),
    backup: (repository, tree) => command(action, repository, tree),
    restore: (repository) => command('restore', repository, '.'),
  }
}

function restic(name: string, binary: string): BackupProgram {
  const command = (repository: string, ...args: string[]): string[] => [binary, '--quiet', '--repo', repository, ...args]
  return {
    name,
    init: (repository) => command(repository, 'init'),
    backup: (repository, tree) => command(repository, 'backup', tree),
    restore: (repository) => command(repository, 'restore', 'latest', '--target', '.'),
  }
}

function borg(name: string, binary: string): BackupProgram {
  return {
    name,
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
    if (binary !== undefined && existsSync(binary)) found.push(restic(`restic_${versionOf(binary)}`, binary))
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
