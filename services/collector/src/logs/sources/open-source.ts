import type { Clock } from '@nightshift/shared/clock'
import type { LogConfig } from '../../config/logs.ts'
import type { Log } from '../../log.ts'
import { insideRoot, type HostPaths } from '../../procfs/host-paths.ts'
import { FileTail } from '../tail/file-tail.ts'
import type { LineCounts, LogSource } from './log-source.ts'

export interface SourceOptions {
  readonly host: HostPaths
  readonly clock: Clock
  readonly log: Log
  readonly counts: LineCounts
  /** What `LogSource.save` gave before the restart. */
  readonly saved: unknown
}

/** Where the lines of a log come from. */
export function kindOf(config: LogConfig): 'files' | 'docker' | 'cri' | 'journald' {
  if (config.docker !== undefined) return 'docker'
  if (config.cri !== undefined) return 'cri'
  return config.journald === undefined ? 'files' : 'journald'
}

/** Loads only the code of the kind that is asked for. */
export async function openSource(config: LogConfig, options: SourceOptions): Promise<LogSource> {
  const { clock, counts, host, log, saved } = options
  const { exclude, max_line_bytes: maxLineBytes, start_at: startAt } = config
  const reading = { exclude, startAt, maxLineBytes, clock, log, counts, saved }
  if (config.docker !== undefined) {
    const { openDockerSource } = await import('./docker.ts')
    return openDockerSource({ ...config.docker, root: insideRoot(host, config.docker.root) }, reading)
  }
  if (config.cri !== undefined) {
    const { openCriSource } = await import('./cri.ts')
    return openCriSource({ ...config.cri, root: insideRoot(host, config.cri.root) }, reading)
  }
  if (config.journald !== undefined) {
    const { JournalSource } = await import('./journald.ts')
    return new JournalSource(config.journald, reading)
  }
  return new FileTail({ files: (config.files ?? []).map((file) => insideRoot(host, file)), ...reading })
}
