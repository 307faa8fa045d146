import type { Stats } from 'node:fs'
import type { CheckConfig } from '../../config.ts'
import type { HostPaths } from '../../procfs/host-paths.ts'
import { daysText } from '../certificates/certificate-age.ts'
import { durationText } from '../../duration-text.ts'
import { nameOfNumber } from './user-names.ts'

type FileCheckConfig = Extract<CheckConfig, { kind: 'file' }>

/** What is wrong with what a file system tells of a file, in words that follow its name; undefined when nothing is. */
export function judgeFacts(config: FileCheckConfig, stats: Stats, host: HostPaths): string | undefined {
  return (
    judgeType(config, stats) ??
    judgeAge(config, Date.now() - stats.mtimeMs) ??
    judgeSize(config, stats.size) ??
    judgeRights(config, stats, host)
  )
}

function judgeType({ type }: FileCheckConfig, stats: Stats): string | undefined {
  if (type === undefined) return undefined
  const is = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSocket() ? 'socket' : 'device or pipe'
  return is === type ? undefined : `is a ${is}, not a ${type}`
}

function judgeAge({ max_age: oldest, min_age: youngest }: FileCheckConfig, ageMs: number): string | undefined {
  if (oldest !== undefined && ageMs > oldest) return `was last changed ${ageText(ageMs)} ago, more than ${ageText(oldest)}`
  if (youngest !== undefined && ageMs < youngest) return `was changed ${ageText(Math.max(0, ageMs))} ago, less than ${ageText(youngest)}`
  return undefined
}

function judgeSize({ min_size: least, max_size: most }: FileCheckConfig, sizeBytes: number): string | undefined {
  if (least !== undefined && sizeBytes < least) return `has ${sizeBytes} bytes, fewer than ${least}`
  return most !== undefined && sizeBytes > most ? `has ${sizeBytes} bytes, more than ${most}` : undefined
}

function judgeRights({ owner, group, mode, max_mode: widest }: FileCheckConfig, stats: Stats, host: HostPaths): string | undefined {
  const root = host.root === '/' ? '' : host.root
  const who = owner === undefined ? undefined : judgeName('belongs to', owner, stats.uid, nameOfNumber('user', stats.uid, root))
  if (who !== undefined) return who
  const whose =
    group === undefined ? undefined : judgeName('belongs to the group', group, stats.gid, nameOfNumber('group', stats.gid, root))
  if (whose !== undefined) return whose
  const own = stats.mode & 0o7777
  if (mode !== undefined && own !== mode) return `has the mode ${octal(own)}, not ${octal(mode)}: chmod ${octal(mode)} sets it`
  if (widest !== undefined && (own & ~widest) !== 0) {
    return `has the mode ${octal(own)}, wider than ${octal(widest)}: chmod ${octal(own & widest)} takes the rest away`
  }
  return undefined
}

function judgeName(verb: string, wanted: string, number: number, name: string): string | undefined {
  return wanted === name || wanted === String(number) ? undefined : `${verb} ${name}, not ${wanted}`
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

function ageText(ms: number): string {
  return ms < 60_000 ? durationText(ms) : daysText(ms)
}
