import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 100

/** Ends all of a process group: SIGTERM, and SIGKILL for what is left of it after the grace. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  signalGroup(pid, 'SIGTERM')
  if (!(await isGoneWithin(() => groupLives(pid), graceMs))) signalGroup(pid, 'SIGKILL')
}

/** Whether more than zombies are left of a group: those only wait for whoever started them, which may take its time. */
function groupLives(pid: number): boolean {
  if (!signalGroup(pid, 0)) return false
  try {
    return readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && livingGroupOf(entry) === pid)
  } catch {
    return true
  }
}

/** The process group of a process that is no zombie. */
function livingGroupOf(entry: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? undefined : Number(group)
  } catch {
    return undefined
  }
}

/** False when none of the group is left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

/** The kernel's record of when a process was started (boot and clock ticks), so that a later process of the same pid is not taken for it; null where there is no /proc. */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may hold anything; after the last ')' come state (3rd field) to starttime (22nd).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19] ?? ''}`
  } catch {
    return null
  }
}

/**
 * Waits for a command that an earlier run of the healer started and that still lives; past its time its group is ended as it would have been.
 * Without /proc it cannot be told from another process, and is left alone.
 */
export async function waitForOrphan(
  orphan: { pid: number; started: string },
  remainingMs: number,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const lives = (): boolean => orphan.started !== '' && processStart(orphan.pid) === orphan.started
  if (await isGoneWithin(lives, remainingMs, signal)) return
  await endGroup(orphan.pid, graceMs)
}

async function isGoneWithin(lives: () => boolean, withinMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (lives()) {
    if (performance.now() >= deadline) return false
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal })
  }
  return true
}
