import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { EffectError } from '@nightshift/shared/errors'
import { siblingEntry } from '@nightshift/shared/service/sibling-entry'
import type { HostPaths } from '../procfs/host-paths.ts'
import { maxFacts, type Fact, type Inventory } from './facts.ts'

const timeoutMs = 60_000
const maxOutputBytes = 1024 * 1024
const entry = siblingEntry(import.meta.url, 'inventory-child')

/**
 * The inventory by a short-lived child: systeminformation starts dozens of programs and takes 15 MB. The child leads a group of processes of
 * its own, which is ended as a whole after a minute. Rejects when it fails.
 */
export async function inventoryByChild(host: HostPaths, knownStamp: string, signal: AbortSignal): Promise<Inventory> {
  const { promise, resolve, reject } = Promise.withResolvers<Inventory>()
  const argv = [entry, host.proc, host.sys, host.root, knownStamp]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  stepAside(child.pid)
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let ending = ''
  const end = (reason: string): void => {
    if (ending !== '') return
    ending = reason
    killGroup(child.pid)
  }
  const timer = setTimeout(() => end(`took longer than ${timeoutMs / 1000} s`), timeoutMs)
  const stop = (): void => end('was stopped')
  signal.addEventListener('abort', stop, { once: true })
  child.stdout.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes > maxOutputBytes) end(`printed more than ${maxOutputBytes} bytes`)
    else chunks.push(chunk)
  })
  child.on('error', (cause) => reject(new EffectError('inventory_failed', 'the inventory cannot be started', { cause, transient: true })))
  child.on('close', (code) => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    const inventory = ending === '' ? parseInventory(Buffer.concat(chunks).toString('utf8')) : undefined
    if (inventory !== undefined) return resolve(inventory)
    reject(
      new EffectError('inventory_failed', `the inventory ${ending === '' ? `ended with exit code ${code}` : ending}`, { transient: true }),
    )
  })
  return await promise
}

/** The last line of the output, checked: what it was made from was not written by us. */
export function parseInventory(output: string): Inventory | undefined {
  try {
    const answer: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '')
    if (typeof answer !== 'object' || answer === null || !('facts' in answer) || !('numbers' in answer)) return undefined
    const { facts, numbers } = answer
    const packageStamp = 'packageStamp' in answer && typeof answer.packageStamp === 'string' ? answer.packageStamp : ''
    if (!Array.isArray(facts) || typeof numbers !== 'object' || numbers === null) return undefined
    const isNumber = (entry: [string, unknown]): entry is [string, number | null] => entry[1] === null || Number.isFinite(entry[1])
    const known = Object.fromEntries(Object.entries(numbers).filter(isNumber))
    return { facts: facts.filter(isFact).slice(0, maxFacts), numbers: known, packageStamp }
  } catch {
    return undefined
  }
}

function isFact(thing: unknown): thing is Fact {
  if (typeof thing !== 'object' || thing === null) return false
  const { kind, name, value, sizeBytes } = thing as Record<string, unknown>
  return [kind, name, value].every((text) => typeof text === 'string') && (sizeBytes === undefined || typeof sizeBytes === 'number')
}

/** Whatever else runs on the host comes first. */
function stepAside(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // Then it runs as everything else does.
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended already.
  }
}
