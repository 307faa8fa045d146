import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import {
  countApkUpdates,
  countDnfUpdates,
  parseAptSimulation,
  parseDnfSecurity,
  parseUpdateNotifier,
  unknownUpdates,
  type PendingUpdates,
} from './pending-updates.ts'

const programTimeoutMs = 20_000
const maxOutputBytes = 4 * 1024 * 1024
/** The first that is there was changed when the package lists were fetched. */
const fetchedFiles = [
  '/var/lib/apt/periodic/update-success-stamp',
  '/var/lib/apt/lists',
  '/var/cache/dnf',
  '/var/cache/libdnf5',
  '/var/cache/apk',
]
const installedFiles = ['/var/lib/dpkg/status', '/var/lib/rpm', '/usr/lib/sysimage/rpm', '/lib/apk/db/installed', '/etc/apt/preferences']
const notifierFile = '/var/lib/update-notifier/updates-available'

/** Even when no file changed the package manager is asked once a day. */
const dayMs = 86_400_000

export interface PackageState {
  /** Undefined when nothing has changed since the stamp that was given. */
  readonly pending: PendingUpdates | undefined
  readonly stamp: string
  /** Since the package lists were fetched; undefined where that is not known. */
  readonly listsAgeSeconds: number | undefined
  readonly rebootRequired: boolean | undefined
}

/**
 * What the package manager of the host knows without asking the network: nothing is fetched, locked or installed. From inside a container
 * its programs are out of reach, so only what files of the host tell is known. Asking costs seconds of processor time, so it is not done again
 * while the files that the answer is made from are the same.
 */
export async function readPackageState(root: string, nowMs: number, knownStamp: string): Promise<PackageState> {
  const inside = (path: string): string => (root === '/' ? path : `${root}${path}`)
  const hasApt = existsSync(inside('/var/lib/dpkg/status'))
  const fetchedMs = (await mtimesOf(fetchedFiles.map(inside))).find((ms) => ms !== undefined)
  const changed = await mtimesOf([...fetchedFiles, ...installedFiles, notifierFile].map(inside))
  const stamp = [...changed.map((ms) => ms ?? ''), Math.floor(nowMs / dayMs)].join(' ')
  const isRebootMarked = existsSync(inside('/run/reboot-required'))
  return {
    pending: stamp === knownStamp ? undefined : await readPending(root, hasApt, inside(notifierFile)),
    stamp,
    listsAgeSeconds: fetchedMs === undefined ? undefined : Math.max(0, nowMs - fetchedMs) / 1000,
    rebootRequired: hasApt || isRebootMarked ? isRebootMarked : undefined,
  }
}

async function readPending(root: string, hasApt: boolean, notifierPath: string): Promise<PendingUpdates> {
  const answer = root === '/' ? await askPackageManager(hasApt) : undefined
  if (answer !== undefined) return answer
  const notifier = await readFile(notifierPath, 'utf8').catch(() => undefined)
  return notifier === undefined ? unknownUpdates : parseUpdateNotifier(notifier)
}

async function askPackageManager(hasApt: boolean): Promise<PendingUpdates | undefined> {
  if (hasApt) {
    const text = await run('apt-get', ['-s', '-q', '-o', 'Debug::NoLocking=true', 'dist-upgrade'])
    return text === undefined ? undefined : parseAptSimulation(text)
  }
  const updates = await run('dnf', ['-q', '-C', 'check-update'], [0, 100])
  if (updates !== undefined) {
    const listed = await run('dnf', ['-q', '-C', 'updateinfo', 'list', '--security'])
    const security = listed === undefined ? [] : parseDnfSecurity(listed)
    return { updates: countDnfUpdates(updates), securityUpdates: listed === undefined ? null : security.length, security }
  }
  const versions = await run('apk', ['version', '-l', '<'])
  return versions === undefined ? undefined : { updates: countApkUpdates(versions), securityUpdates: null, security: [] }
}

/** What a program printed; undefined when there is none, it failed, or it took too long. */
async function run(program: string, argv: readonly string[], goodCodes: readonly number[] = [0]): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  return await new Promise((resolve) => {
    const options = { env, timeout: programTimeoutMs, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes } as const
    execFile(program, argv, options, (error, stdout) => {
      const code = error === null ? 0 : error.code
      resolve(typeof code === 'number' && goodCodes.includes(code) ? stdout : undefined)
    })
  })
}

async function mtimesOf(paths: readonly string[]): Promise<(number | undefined)[]> {
  return await Promise.all(
    paths.map(
      async (path) =>
        await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => undefined,
        ),
    ),
  )
}
