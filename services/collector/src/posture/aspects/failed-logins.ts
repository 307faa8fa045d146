import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { ContractError } from '@nightshift/shared/errors'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { parseFailedLogins, recordLayout, type FailedLogin } from '../accounts/failed-login-record.ts'
import { isMissing, whyUnread } from '../files/unread.ts'
import { newLook, type Finding, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Options = NonNullable<CollectorConfig['security']>['failed_logins']

/** Records at the end of the file that are read; a burst is far smaller. */
const maxRecords = 20_000
/** Records that are read before other work gets its turn. */
const sliceRecords = 1000
const topSources = 5

/** Nobody tries passwords, as far as login and sshd write it down. */
export async function lookAtFailedLogins(options: Options, { host, nowMs }: LookContext): Promise<Look> {
  const look = newLook()
  try {
    const logins = await readFailedLogins(insideRoot(host, options.file))
    const recent = logins.filter(({ epochMs }) => epochMs > nowMs - options.within && epochMs <= nowMs)
    look.lookedAt = logins.length
    look.fields.failed_logins = recent.length
    look.findings = judgeFailedLogins(recent, options)
  } catch (error) {
    look.fields.failed_logins = null
    look.unread.push(
      isMissing(error)
        ? `there is no ${options.file} here; failed logins can be counted from the logs (collector.logs)`
        : whyUnread(options.file, error),
    )
  }
  return look
}

export function judgeFailedLogins(recent: readonly FailedLogin[], options: Pick<Options, 'burst' | 'within'>): Finding[] {
  if (recent.length < options.burst) return []
  const counts = new Map<string, number>()
  for (const { source } of recent) counts.set(source, (counts.get(source) ?? 0) + 1)
  const top = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, topSources)
    .map(([source, count]) => `${source === '' ? 'a console' : plainText(source, 64)} (${count})`)
  const minutes = Math.round(options.within / 60_000)
  return [{ text: `${recent.length} failed logins within ${minutes} minutes, most from ${top.join(', ')}`, level: 'critical' }]
}

async function readFailedLogins(path: string): Promise<FailedLogin[]> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = await file.stat()
  if (!stats.isFile()) throw new ContractError('no_regular_file', 'it is no regular file')
  const layout = recordLayout(process.arch)
  const records = Math.floor(stats.size / layout.sizeBytes)
  const logins: FailedLogin[] = []
  const slice = Buffer.alloc(sliceRecords * layout.sizeBytes)
  for (let record = Math.max(0, records - maxRecords); record < records; record += sliceRecords) {
    const { bytesRead } = await file.read(slice, 0, slice.length, record * layout.sizeBytes)
    logins.push(...parseFailedLogins(slice.subarray(0, bytesRead), layout))
    await setImmediate()
  }
  return logins
}
