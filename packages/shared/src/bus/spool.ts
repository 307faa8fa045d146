import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { BusError } from '../errors.ts'
import { copyLines, selectLast } from './spool-compaction.ts'
import { readLines, writeAll, type Line } from './spool-file.ts'
import { forgetProgress, noteProgress, readProgress } from './spool-progress.ts'
import { decodeHeader, decodeRecord, encodeHeader, encodeRecord, spoolVersion, type SpoolRecord } from './spool-record.ts'

/** A compaction leaves at least an eighth free, so that the next one is not due at the next event. */
const fullAfterCompaction = 7 / 8
/** Progress is noted after so many events; after a crash at most so many are sent again, with the same id. */
const noteProgressEvery = 128

/**
 * Events on disk that the bus has not taken yet: an append-only file of JSON lines, synced before `append` resolves. The file is made with
 * its first event and removed with its last; it is only ever appended to, or replaced as a whole by a rename. For one caller at a time.
 */
export class Spool {
  /** Events in it. */
  length = 0
  /** Given up when only the last of each key was kept. */
  compacted = 0
  /** Given up because it was full even so, the oldest first. */
  dropped = 0
  /** Lines that were damaged, or torn by a crash. */
  damaged = 0
  private file: FileHandle | undefined
  private generation = ''
  /** Where the oldest event that was not sent begins. */
  private head = 0
  /** Behind the last event that is surely on disk. */
  private end = 0
  private lines: AsyncGenerator<Line> | undefined
  private current: { record: SpoolRecord; end: number } | undefined
  private passed = 0
  private readonly folder: string
  private readonly path: string
  private readonly maxBytes: number
  private readonly log: Logger

  private constructor(folder: string, maxBytes: number, log: Logger) {
    this.folder = folder
    this.path = join(folder, 'events.ndjson')
    this.maxBytes = maxBytes
    this.log = log
  }

  /** Opens what an earlier run left behind. A torn tail, as a crash in the middle of an append leaves it, is cut off: it was never promised. */
  static async open(folder: string, maxBytes: number, log: Logger): Promise<Spool> {
    const spool = new Spool(folder, maxBytes, log)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await rm(spool.temporaryPath, { force: true })
      await spool.recover()
    } catch (cause) {
      await spool.file?.close()
      throw failed(`cannot open the spool in ${folder}; can this user write there?`, cause)
    }
    return spool
  }

  get bytes(): number {
    return this.end - this.head
  }

  /** Resolves when the records are on disk. Rejects with BusError `spool_failed`; the file is then as it was. */
  async append(records: readonly SpoolRecord[]): Promise<void> {
    const data = Buffer.from(records.map(encodeRecord).join(''))
    try {
      if (this.file !== undefined && this.end + data.length > this.maxBytes) await this.makeRoom(data.length)
      if (this.file === undefined) await this.replace(data, 'nothing')
      else await this.extend(this.file, data)
    } catch (cause) {
      throw failed(`cannot write to the spool in ${this.folder}; is the disk full?`, cause)
    }
    this.length += records.length
  }

  /** The oldest event; undefined when there is none. */
  async peek(): Promise<SpoolRecord | undefined> {
    while (this.current === undefined && this.file !== undefined) {
      const line = await this.readLine(this.file)
      const record = decodeRecord(line?.bytes)
      if (line !== undefined && record !== undefined) this.current = { record, end: line.end }
      else await this.skipDamage(line)
    }
    return this.current?.record
  }

  /** The event that `peek` gave is done with. */
  async advance(): Promise<void> {
    if (this.current === undefined) return
    const { end } = this.current
    this.current = undefined
    await this.pass(end)
  }

  async close(): Promise<void> {
    if (this.file === undefined) return
    await noteProgress(this.folder, { generation: this.generation, offset: this.head })
    await this.file.close()
    this.file = undefined
  }

  private get temporaryPath(): string {
    return `${this.path}.tmp`
  }

  private async readLine(file: FileHandle): Promise<Line | undefined> {
    const line = await this.lines?.next()
    if (line?.value) return line.value
    this.lines = readLines(file, this.head, this.end)
    return (await this.lines.next()).value
  }

  /** A line that cannot be read is passed over; when nothing at all can be read where events should be, the file was cut by somebody else. */
  private async skipDamage(line: Line | undefined): Promise<void> {
    this.damaged += line === undefined ? this.length : 1
    this.log.error(
      { code: 'spool_damaged', offset: line?.start ?? this.head, folder: this.folder },
      'a line of the spool is damaged; its event is lost',
    )
    await this.pass(line?.end ?? this.end)
  }

  private async pass(end: number): Promise<void> {
    this.head = end
    this.length = end >= this.end ? 0 : Math.max(1, this.length - 1)
    this.passed++
    if (end >= this.end) await this.remove()
    else if (this.passed % noteProgressEvery === 0) await noteProgress(this.folder, { generation: this.generation, offset: this.head })
  }

  private async extend(file: FileHandle, data: Buffer): Promise<void> {
    try {
      await writeAll(file, data, this.end)
      await file.datasync()
    } catch (error) {
      await file.truncate(this.end)
      throw error
    }
    this.end += data.length
  }

  /** Drops what was sent; when that is not enough, keeps only the last event of each key; when that is not enough, drops the oldest. */
  private async makeRoom(incomingBytes: number): Promise<void> {
    const file = this.file
    const maxBytes = this.maxBytes * fullAfterCompaction - incomingBytes
    if (file === undefined || this.bytes <= maxBytes) return this.replace(Buffer.alloc(0), 'all')
    const { starts, compacted, dropped } = await selectLast(file, this.head, this.end, maxBytes)
    await this.replace(Buffer.alloc(0), starts)
    this.length = starts.length
    this.compacted += compacted
    this.dropped += dropped
    this.log.error(
      { code: 'spool_full', max_bytes: this.maxBytes, compacted, dropped, kept: starts.length },
      'the spool is full: only the last transition of each subject was kept; bring the bus back',
    )
  }

  /** A new file with the kept lines of the old one, then `data`. Until the rename the old one stands. */
  private async replace(data: Buffer, keep: readonly number[] | 'all' | 'nothing'): Promise<void> {
    const generation = randomUUID()
    const header = Buffer.from(encodeHeader({ version: spoolVersion, generation }))
    const old = this.file
    const fresh = await open(this.temporaryPath, 'w+', 0o600)
    let end = header.length
    try {
      await writeAll(fresh, header, 0)
      if (old !== undefined && keep !== 'nothing') end = await copyLines(old, this.head, this.end, keep, fresh, end)
      await writeAll(fresh, data, end)
      await fresh.sync()
      await rename(this.temporaryPath, this.path)
    } catch (error) {
      await fresh.close()
      throw error
    }
    this.file = fresh
    this.generation = generation
    this.head = header.length
    this.end = end + data.length
    this.lines = undefined
    this.current = undefined
    await old?.close()
    await this.syncFolder()
  }

  private async remove(): Promise<void> {
    await this.file?.close()
    this.file = undefined
    this.lines = undefined
    this.head = 0
    this.end = 0
    await rm(this.path, { force: true })
    await forgetProgress(this.folder)
  }

  private async recover(): Promise<void> {
    this.file = await open(this.path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (this.file === undefined) return
    const { size } = await this.file.stat()
    const first = (await readLines(this.file, 0, size).next()).value
    const header = decodeHeader(first?.bytes)
    if (first === undefined || header?.version !== spoolVersion) return this.setAside(header?.version)
    this.generation = header.generation
    this.head = await readProgress(this.folder, this.file, { generation: header.generation, from: first.end, to: size })
    this.end = this.head
    for await (const line of readLines(this.file, this.head, size)) {
      this.length++
      this.end = line.end
    }
    if (this.end < size) {
      this.damaged++
      this.log.warn(
        { code: 'spool_torn', bytes: size - this.end, folder: this.folder },
        'cut a torn event off the spool: the last run crashed while writing it',
      )
      await this.file.truncate(this.end)
      await this.file.datasync()
    }
    if (this.length === 0) await this.remove()
    else this.log.info({ events: this.length, bytes: this.bytes }, 'the spool holds events of an earlier run')
  }

  /** A file that is not of this version is kept for whoever understands it. */
  private async setAside(version: number | undefined): Promise<void> {
    const path = `${this.path}.${version === undefined ? 'damaged' : `version-${version}`}`
    await this.file?.close()
    this.file = undefined
    await rename(this.path, path)
    this.damaged++
    this.log.error({ code: 'spool_unreadable', version, path }, 'the spool cannot be read by this version and was set aside')
  }

  /** Makes a rename last through a power failure. */
  private async syncFolder(): Promise<void> {
    const folder = await open(this.folder, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}

function failed(message: string, cause: unknown): BusError {
  return new BusError('spool_failed', message, { cause, severity: 'critical' })
}
