import { appendFileSync, lstatSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identifyProcess, type ProcessIdentity } from '@nightshift/shared/service/process-identity'

const fileName = '.nightshift-owner'
const maxBytes = 65_536

const identity = z.object({ pid: z.int().positive(), started: z.string().min(1) })
const ownerLine = z.object({ owner: identity, space: z.string() })
const childLine = z.object({ child: identity })

/** Whose a work folder is, and what was started in it. */
export interface OwnerMark {
  readonly owner: ProcessIdentity
  /** Where the numbers of processes mean something: containers have their own. */
  readonly space: string
  readonly children: readonly ProcessIdentity[]
}

/** Marks a new folder as that of this process, so that the next one can tell what a crash left behind. */
export function markOwner(folder: string): void {
  const owner = identifyProcess(process.pid)
  if (owner !== undefined)
    writeFileSync(join(folder, fileName), `${JSON.stringify({ owner, space: processSpace() })}\n`, { mode: 0o600, flag: 'wx' })
}

/** Writes down a program that was started in a folder; in one that is nobody's work folder, nothing. */
export function markChild(folder: string, pid: number): void {
  if (readOwnerMark(folder) === undefined) return
  const child = identifyProcess(pid)
  if (child !== undefined) appendFileSync(join(folder, fileName), `${JSON.stringify({ child })}\n`)
}

/** Undefined for a folder that is not marked, or not by our account: others can write where temporary files go. */
export function readOwnerMark(folder: string): OwnerMark | undefined {
  const path = join(folder, fileName)
  try {
    const file = lstatSync(path)
    if (!file.isFile() || file.nlink !== 1 || file.uid !== process.getuid?.() || file.size > maxBytes) return undefined
    const [first = '', ...rest] = readFileSync(path, 'utf8').trimEnd().split('\n')
    const { owner, space } = ownerLine.parse(JSON.parse(first))
    // The last line may have been cut off.
    return { owner, space, children: rest.flatMap((line) => childOf(line) ?? []) }
  } catch {
    return undefined
  }
}

/** In which world of process numbers this process lives. */
export function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function childOf(line: string): ProcessIdentity | undefined {
  try {
    return childLine.parse(JSON.parse(line)).child
  } catch {
    return undefined
  }
}
