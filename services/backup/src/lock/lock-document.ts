import { readlinkSync } from 'node:fs'
import { hostname as ownHostname, userInfo } from 'node:os'
import { identifyProcess } from '@nightshift/shared/service/process-identity'

const minuteMs = 60_000
/** Not refreshed for so long: whoever held it is gone, or has stopped writing long before (restic's rule). */
const staleAfterMs = 30 * minuteMs
/** A lock of restic whose process is not seen here is left for so long: its process may live in another container of the same host name. */
const foreignDeadMs = 10 * minuteMs

/** What a lock file says. */
export interface LockDocument {
  /** When it was last refreshed. */
  readonly timeMs: number
  readonly exclusive: boolean
  readonly hostname: string
  readonly username: string
  readonly pid: number
  /** Written by us only: tells our process from a later one with its pid, and from one in another container. */
  readonly started?: string
  readonly pidNamespace?: string
}

/** The lock of this very process. */
export function ownLock(options: { exclusive: boolean; hostname?: string; username?: string; pid?: number; nowMs: number }): LockDocument {
  const pid = options.pid ?? process.pid
  const started = identifyProcess(pid)?.started
  const pidNamespace = ownPidNamespace()
  return {
    timeMs: options.nowMs,
    exclusive: options.exclusive,
    hostname: options.hostname ?? ownHostname(),
    username: options.username ?? ownUsername(),
    pid,
    ...(started !== undefined && { started }),
    ...(pidNamespace !== undefined && { pidNamespace }),
  }
}

export function encodeLock(lock: LockDocument): Record<string, unknown> {
  return {
    time: new Date(lock.timeMs).toISOString(),
    exclusive: lock.exclusive,
    hostname: lock.hostname,
    username: lock.username,
    pid: lock.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    ...(lock.started !== undefined && { nightshift: { started: lock.started, pid_namespace: lock.pidNamespace } }),
  }
}

/** Undefined for what is no lock. */
export function decodeLock(value: unknown): LockDocument | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Record<string, unknown>
  const timeMs = Date.parse(String(fields['time']))
  if (Number.isNaN(timeMs)) return undefined
  const ours = (typeof fields['nightshift'] === 'object' && fields['nightshift'] !== null ? fields['nightshift'] : {}) as Record<
    string,
    unknown
  >
  return {
    timeMs,
    exclusive: fields['exclusive'] === true,
    hostname: textOf(fields['hostname']),
    username: textOf(fields['username']),
    pid: Number(fields['pid'] ?? 0),
    ...(typeof ours['started'] === 'string' && { started: ours['started'] }),
    ...(typeof ours['pid_namespace'] === 'string' && { pidNamespace: ours['pid_namespace'] }),
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What this process can see of the process that holds a lock. */
export interface Witness {
  readonly hostname: string
  readonly pidNamespace: string | undefined
  /** The start of the living process with that pid, undefined when there is none. */
  startedOf(pid: number): string | undefined
}

export function witness(hostname: string): Witness {
  return { hostname, pidNamespace: ownPidNamespace(), startedOf: (pid) => identifyProcess(pid)?.started }
}

/** Whether nobody holds the lock any more. In doubt it counts as held: to wait is safe, to remove a live lock is not. */
export function isStale(lock: LockDocument, seen: Witness, nowMs: number): boolean {
  const ageMs = nowMs - lock.timeMs
  if (ageMs > staleAfterMs) return true
  if (lock.hostname !== seen.hostname) return false
  if (lock.started !== undefined && lock.pidNamespace === seen.pidNamespace) return seen.startedOf(lock.pid) !== lock.started
  return ageMs > foreignDeadMs && seen.startedOf(lock.pid) === undefined
}

function ownPidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}

function ownUsername(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a uid that has no name.
    return String(process.getuid?.() ?? '')
  }
}
