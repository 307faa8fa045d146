import { execFileSync } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { readlinkSync, symlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { joinPath } from '../../src/archive/walk/folder-entries.ts'

const holeBytes = 3 * 1024 ** 2

/** Everything that a folder may hold and that is easily done wrong. Names that are no text stand in `raw`. */
export function makeNastyTree(folder: string): void {
  mkdirSync(join(folder, 'deep/er/est'), { recursive: true })
  mkdirSync(join(folder, 'empty folder'))
  const put = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content)
  put('empty', '')
  put('one byte', 'x')
  put('several blobs', randomBytes(5_000_000))
  put('deep/er/est/text', 'all work and no play makes jack a dull boy\n'.repeat(5000))
  put('quote " and \\ and \n newline', 'quoted')
  put('emoji 🗄️ 백업', 'unicode')
  put('separator \u2028 nbsp \u00a0', 'invisible')
  put('twin', 'has another name')
  linkSync(join(folder, 'twin'), join(folder, 'deep/its twin'))
  symlinkSync('deep/er', join(folder, 'link'))
  symlinkSync('nowhere/at all', join(folder, 'dangling'))
  put('setuid', '#!/bin/sh\n')
  chmodSync(join(folder, 'setuid'), 0o4755)
  put('unwritable', 'read me')
  chmodSync(join(folder, 'unwritable'), 0o400)
  chmodSync(join(folder, 'deep/er'), 0o1777)
  const sparse = openSync(join(folder, 'sparse'), 'w')
  writeSync(sparse, 'start', 0)
  writeSync(sparse, 'middle', holeBytes)
  ftruncateSync(sparse, holeBytes * 2 + 17)
  closeSync(sparse)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  utimesSync(join(folder, 'one byte'), -1.5, -1.5)
  utimesSync(join(folder, 'empty'), 7_258_118_400, 7_258_118_400)
  lutimesSync(join(folder, 'dangling'), 1_000_000_000.25, 1_000_000_000.25)
  const raw = Buffer.from(join(folder, 'raw'))
  mkdirSync(raw)
  writeFileSync(joinPath(raw, Buffer.from([0x66, 0xff, 0xfe])), 'no text')
  symlinkSync(Buffer.from([0x2e, 0xff]), joinPath(raw, Buffer.from([0xff, 0x6c])))
  utimesSync(join(folder, 'empty folder'), 1_234_567_890, 1_234_567_890)
}

export interface Looks {
  readonly kind: string
  readonly mode: string
  readonly owner: string
  readonly size: number
  readonly mtimeNs: bigint
  readonly links: number
  readonly content: string
}

/** What each thing below a folder looks like, by its path; of folders neither size nor links, which say nothing. */
export function looksOf(folder: string): Map<string, Looks> {
  const found = new Map<string, Looks>()
  const visit = (path: Buffer, name: Buffer): void => {
    const stat = lstatSync(path, { bigint: true })
    const isFolder = stat.isDirectory()
    found.set(name.toString('latin1'), {
      kind: (stat.mode & 0o170000n).toString(8),
      mode: (stat.mode & 0o7777n).toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      size: isFolder ? 0 : Number(stat.size),
      mtimeNs: stat.mtimeNs,
      links: isFolder ? 0 : Number(stat.nlink),
      content: stat.isFile() ? hash('sha256', readFileSync(path)) : stat.isSymbolicLink() ? readlinkSync(path, 'latin1') : '',
    })
    if (isFolder)
      for (const child of readdirSync(path, { encoding: 'buffer' }))
        visit(joinPath(path, child), Buffer.concat([name, Buffer.from('/'), child]))
  }
  visit(Buffer.from(folder), Buffer.from(''))
  return found
}

/** How both differ, a line for each; nothing when they are the same. Times may differ by what Node cannot set. */
export function differences(one: Map<string, Looks>, other: Map<string, Looks>, toleranceNs = 1000n): string[] {
  const lines: string[] = []
  for (const path of new Set([...one.keys(), ...other.keys()])) {
    const [left, right] = [one.get(path), other.get(path)]
    if (left === undefined || right === undefined) {
      lines.push(`${path}: only in the ${left === undefined ? 'second' : 'first'}`)
      continue
    }
    const { mtimeNs: leftNs, ...leftRest } = left
    const { mtimeNs: rightNs, ...rightRest } = right
    const apartNs = leftNs > rightNs ? leftNs - rightNs : rightNs - leftNs
    if (apartNs > toleranceNs) lines.push(`${path}: ${apartNs} ns apart`)
    if (JSON.stringify(leftRest) !== JSON.stringify(rightRest))
      lines.push(`${path}: ${JSON.stringify(leftRest)} / ${JSON.stringify(rightRest)}`)
  }
  return lines
}
