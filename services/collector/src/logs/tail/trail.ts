import { stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import type { Log } from '../../log.ts'
import { describeError } from '@nightshift/shared/errors'
import type { SourceSink } from '../sources/log-source.ts'
import { isTelling } from './file-head.ts'
import { FollowedFile, type FilePosition, type ReadTools } from './followed-file.ts'
import { findSiblings } from './siblings.ts'

/** After a rotation writers may keep the old file open until they are told to reopen; it is left when it was quiet for so long. */
const graceMs = 10_000
/** How far the time of a file may lie behind ours. Shorter than the grace, so that what was finished lately is still known. */
const clockSlackMs = 2000
/** Rotated files of one log that wait to be read. */
const maxOlder = 16
/** 16 MiB at the default slice: then another file has its turn. */
const maxSlicesPerTurn = 128

/** What other paths of the same log have read or are reading. */
export interface Claims {
  isTaken(path: string, found: { dev: number; ino: number }, by: Trail | undefined): Promise<boolean>
  finished(position: FilePosition): void
}

/** One path, through every file that has borne its name. */
export class Trail {
  readonly path: string
  readonly #log: Log
  readonly #claims: Claims
  #current: FollowedFile | undefined
  /** Files that have lost the name, oldest first; each is read to its end before the next. */
  #older: FollowedFile[] = []
  /** When the current file was last seen under the name. */
  #seenMs = 0
  #isKnown = false
  #complaint = ''
  #unreadBytes = 0

  constructor(path: string, log: Log, claims: Claims) {
    this.path = path
    this.#log = log
    this.#claims = claims
  }

  get unreadBytes(): number {
    return this.#unreadBytes
  }

  get isUnreadable(): boolean {
    return this.#complaint !== ''
  }

  /** Nothing has this name any more, and everything that had was read. */
  get isGone(): boolean {
    return this.#current === undefined && this.#older.length === 0
  }

  follows(dev: number, ino: number): boolean {
    return this.#files().some((file) => file.dev === dev && file.ino === ino)
  }

  positions(): FilePosition[] {
    return this.#files().map((file) => file.position())
  }

  /** Goes on where an earlier run left these files, oldest first; what came between is read too. */
  async resume(saved: readonly FilePosition[], savedMs: number, tools: ReadTools): Promise<void> {
    this.#isKnown = true
    this.#seenMs = savedMs
    for (const position of saved) {
      const file = await this.#find(position, tools)
      if (file === undefined) continue
      if (position.isRotated || file.isMoved) {
        file.followed.rotatedMs = tools.nowMs
        this.#older.push(file.followed)
      } else {
        this.#current = file.followed
      }
    }
    if (this.#current === undefined) await this.#addMissed(tools)
  }

  /** One turn. True when there is more to read. */
  async poll(sink: SourceSink, tools: ReadTools, startAt: 'end' | 'beginning'): Promise<boolean> {
    const found = await stat(this.path).catch((error: NodeJS.ErrnoException) => this.#noteMissing(error))
    if (this.#current !== undefined && (found === undefined || !isSame(found, this.#current))) await this.#rotate(tools)
    if (this.#current === undefined && found?.isFile() === true && !(await this.#claims.isTaken(this.path, found, this))) {
      await this.#open(this.#isKnown ? 'beginning' : startAt)
      // Rotated between the look and the opening: what was looked at has another name already.
      if (this.#current !== undefined && !isSame(found, this.#current)) await this.#addMissed(tools)
    }
    this.#isKnown = true
    if (this.#current !== undefined) this.#seenMs = tools.nowMs
    return await this.#read(sink, tools, found)
  }

  async close(): Promise<void> {
    await Promise.all(this.#files().map((file) => file.close()))
  }

  async #read(sink: SourceSink, tools: ReadTools, found: Stats | undefined): Promise<boolean> {
    let slices = 0
    for (const file of this.#files()) {
      if (file === this.#current && found?.size === file.lastSize && found.mtimeMs === file.lastMtimeMs) continue
      for (;;) {
        if (sink.isFull() || slices++ >= maxSlicesPerTurn) {
          this.#unreadBytes = Math.max(0, (found?.size ?? 0) - (this.#current?.offset ?? 0))
          return true
        }
        const outcome = await file.readSlice(sink, tools)
        if (outcome === 'end') break
        if (outcome === 'truncated') return await this.#restart(file, sink, tools)
      }
      if (file === this.#current) {
        file.lastSize = found?.size ?? -1
        file.lastMtimeMs = found?.mtimeMs ?? -1
      } else if (tools.nowMs - Math.max(file.rotatedMs ?? 0, file.grewMs) > graceMs) {
        await file.finish(sink, tools)
        this.#claims.finished(file.position())
        this.#older = this.#older.filter((older) => older !== file)
      }
    }
    this.#unreadBytes = 0
    return false
  }

  async #open(start: 'end' | 'beginning'): Promise<void> {
    try {
      this.#current = await FollowedFile.open(this.path, start)
      if (this.#complaint !== '') this.#log.info({ file: this.path }, 'the log can be read again')
      this.#complaint = ''
    } catch (error) {
      this.#complain(describeError(error))
    }
  }

  /** The name belongs to another file now, or to none. */
  async #rotate(tools: ReadTools): Promise<void> {
    const last = this.#current
    if (last === undefined) return
    last.rotatedMs = tools.nowMs
    this.#older.push(last)
    this.#current = undefined
    tools.counts.rotations++
    await this.#addMissed(tools)
  }

  /** Files that had the name only between two looks: written to since the last one, and none that is known. */
  async #addMissed(tools: ReadTools): Promise<void> {
    const current = await stat(this.path).catch(() => undefined)
    for (const sibling of await findSiblings(this.path)) {
      const isNamed = current !== undefined && isSame(current, sibling)
      if (sibling.mtimeMs < this.#seenMs - clockSlackMs || isNamed || this.follows(sibling.dev, sibling.ino)) continue
      if (sibling.isCompressed || !isGenerationOf(this.path, sibling.path)) continue
      if (await this.#claims.isTaken(sibling.path, sibling, this)) continue
      if (this.#older.length >= maxOlder) {
        this.#lose(tools, `more than ${maxOlder} rotated files of it wait to be read`)
        return
      }
      const missed = await FollowedFile.open(this.path, 'beginning', sibling.path).catch(() => undefined)
      if (missed === undefined) continue
      if (await this.#isCopyOfKnown(missed)) {
        await missed.close()
        continue
      }
      missed.rotatedMs = tools.nowMs
      this.#older.push(missed)
      tools.counts.rotations++
    }
  }

  /** What stood in the file was cut off. A copy that was made of it before has what was not read yet. */
  async #restart(file: FollowedFile, sink: SourceSink, tools: ReadTools): Promise<boolean> {
    const position = file.position()
    const copy = await this.#findElsewhere(position, (sibling) => sibling.ino !== file.ino)
    tools.counts.truncations++
    if (copy === undefined) this.#log.debug({ file: this.path }, 'the log was truncated; reading it from its beginning')
    else this.#takeFirst(copy, tools)
    await file.restart(sink)
    return true
  }

  #takeFirst(copy: FollowedFile, tools: ReadTools): void {
    copy.rotatedMs = tools.nowMs - graceMs
    this.#older.push(copy)
  }

  /** The file of a position: under its own name, or under the one it was given since. */
  async #find(position: FilePosition, tools: ReadTools): Promise<{ followed: FollowedFile; isMoved: boolean } | undefined> {
    const own = await FollowedFile.open(this.path, position).catch(() => undefined)
    if (own !== undefined && own.dev === position.dev && own.ino === position.ino && !position.isRotated && (await own.matches(position)))
      return { followed: own, isMoved: false }
    await own?.close()
    const moved =
      (await this.#findElsewhere(position, (sibling) => sibling.ino === position.ino && sibling.dev === position.dev)) ??
      (isTelling(position.head) ? await this.#findElsewhere(position, () => true) : undefined)
    if (moved !== undefined) return { followed: moved, isMoved: true }
    if (!position.isRotated) this.#lose(tools, 'it was removed, compressed or truncated before it was read to its end')
    return undefined
  }

  async #findElsewhere(
    position: FilePosition,
    fits: (sibling: { dev: number; ino: number }) => boolean,
  ): Promise<FollowedFile | undefined> {
    for (const sibling of await findSiblings(this.path)) {
      if (sibling.isCompressed || sibling.size < position.offset || !fits(sibling)) continue
      if (this.follows(sibling.dev, sibling.ino)) continue
      const file = await FollowedFile.open(this.path, position, sibling.path).catch(() => undefined)
      if (file === undefined) continue
      if ((isTelling(position.head) || sibling.ino === position.ino) && (await file.matches(position))) return file
      await file.close()
    }
    return undefined
  }

  async #isCopyOfKnown(file: FollowedFile): Promise<boolean> {
    for (const known of this.#files()) {
      const { head } = known.position()
      if (isTelling(head) && (await file.matches({ ...known.position(), offset: 0 }))) return true
    }
    return false
  }

  #files(): FollowedFile[] {
    return this.#current === undefined ? [...this.#older] : [...this.#older, this.#current]
  }

  #lose(tools: ReadTools, why: string): void {
    tools.counts.lostFiles++
    this.#log.warn({ file: this.path }, `a part of the log was not read: ${why}`)
  }

  #noteMissing(error: NodeJS.ErrnoException): undefined {
    if (error.code !== 'ENOENT') this.#complain(describeError(error))
    return undefined
  }

  #complain(complaint: string): void {
    if (complaint === this.#complaint) return
    this.#complaint = complaint
    this.#log.warn({ file: this.path, error: complaint }, 'the log cannot be read; still trying')
  }
}

/** `app.log.1`, `app.log-20260101`, `app.log.old`; not `app.log.lock`. */
function isGenerationOf(path: string, other: string): boolean {
  return other.startsWith(path) && /^[-._](?:\d|old$|prev)/.test(other.slice(path.length))
}

function isSame(a: { dev: number; ino: number }, b: { dev: number; ino: number }): boolean {
  return a.dev === b.dev && a.ino === b.ino
}
