import { EffectError } from '@nightshift/shared/errors'
import { siblingEntry } from '@nightshift/shared/service/sibling-entry'
import { runChild } from '../children/bounded-child.ts'
import { startDeadline } from '../deadline.ts'
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
  const argv = [process.execPath, entry, host.proc, host.sys, host.root, knownStamp]
  const deadline = startDeadline(timeoutMs, signal)
  const end = await runChild({ argv, env: process.env, maxOutputBytes, isBackground: true, signal: deadline.signal })
  deadline.end()
  if (end.startError !== undefined)
    throw new EffectError('inventory_failed', 'the inventory cannot be started', { cause: end.startError, transient: true })
  const isWhole = !end.isCut && !deadline.signal.aborted
  const inventory = isWhole ? parseInventory(end.stdout) : undefined
  if (inventory !== undefined) return inventory
  const took = signal.aborted ? 'was stopped' : `took longer than ${timeoutMs / 1000} s`
  const ending = end.isCut ? `printed more than ${maxOutputBytes} bytes` : isWhole ? `ended with exit code ${end.code}` : took
  throw new EffectError('inventory_failed', `the inventory ${ending}`, { transient: true })
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
