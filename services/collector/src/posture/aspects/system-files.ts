import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { readAccountNames } from '../accounts/account-names.ts'
import { expandPattern } from '../files/host-glob.ts'
import { ownershipText } from '../files/mode-text.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { isMissing, whyUnread } from '../files/unread.ts'
import { maxFacts, newLook, type Fact, type Facts, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Options = NonNullable<CollectorConfig['security']>['system_files']

/** What starts programs by itself, and what decides who comes in. */
const usualPatterns = [
  '/etc/crontab',
  '/etc/anacrontab',
  '/etc/cron.d/*',
  '/etc/cron.hourly/*',
  '/etc/cron.daily/*',
  '/etc/cron.weekly/*',
  '/etc/cron.monthly/*',
  '/var/spool/cron/*',
  '/var/spool/cron/crontabs/*',
  '/etc/systemd/system/*.service',
  '/etc/systemd/system/*.timer',
  '/etc/systemd/system/*.d/*.conf',
  '/etc/ssh/sshd_config',
  '/etc/ssh/sshd_config.d/*.conf',
  '/etc/pam.d/*',
  '/etc/ld.so.preload',
  '/etc/rc.local',
]
const maxBytes = 1024 * 1024

/** Files that run or admit somebody are what they were: told by size and owner, compared by content. */
export async function lookAtSystemFiles(options: Options, context: LookContext): Promise<Look> {
  const { host, signal } = context
  const look = newLook()
  const names = await readAccountNames(host)
  for (const pattern of new Set([...usualPatterns, ...options.also])) {
    const facts: Facts = new Map()
    const { paths, unread } = await expandPattern(host, pattern, signal)
    look.unread.push(...unread)
    for (const path of paths) {
      await setImmediate(undefined, { signal })
      const fact = await factOf(path, names, look, context)
      if (fact !== undefined && look.lookedAt++ < maxFacts) facts.set(`file ${plainText(path)}`, fact)
    }
    look.parts.set(pattern, unread.length > 0 ? null : facts)
  }
  return look
}

/** Undefined for what is no file; a file that cannot be read counts as unchanged. */
async function factOf(
  path: string,
  names: Awaited<ReturnType<typeof readAccountNames>>,
  look: Look,
  { host }: LookContext,
): Promise<Fact | undefined> {
  try {
    const { bytes, stats } = await readRegularFile(insideRoot(host, path), maxBytes)
    return { text: `${bytes.length} bytes, ${ownershipText(stats, names)}`, digest: createHash('sha256').update(bytes).digest('hex') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (isMissing(error) || code === 'no_regular_file' || code === 'ENXIO') return undefined
    look.unread.push(whyUnread(path, error))
    return { text: null }
  }
}
