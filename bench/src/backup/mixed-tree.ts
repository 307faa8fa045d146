import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Material, type ContentKind } from './material.ts'

const mebibyte = 1024 ** 2
const seed = 20_251_021
const filesPerFolder = 20
const noteBytes = 670
/** With what SQLite adds: measured. */
const rowBytes = 860
const changedRows = 300

export interface TreeSize {
  readonly smallFiles: number
  readonly mediumFiles: number
  readonly largeFiles: number
  readonly dumpBytes: number
  readonly databaseBytes: number
  readonly randomBytes: number
}

/** That of the goals. */
export const fullTree: TreeSize = {
  smallFiles: 40_000,
  mediumFiles: 2400,
  largeFiles: 10,
  dumpBytes: 150 * mebibyte,
  databaseBytes: 80 * mebibyte,
  randomBytes: 64 * mebibyte,
}

/** What all programs are through with in two minutes. */
export const usualTree: TreeSize = {
  smallFiles: 10_000,
  mediumFiles: 400,
  largeFiles: 2,
  dumpBytes: 40 * mebibyte,
  databaseBytes: 80 * mebibyte,
  randomBytes: 16 * mebibyte,
}

/** For CI: the same shape, a twentieth of the full one but for the database. */
export const smallTree: TreeSize = {
  smallFiles: 2000,
  mediumFiles: 120,
  largeFiles: 2,
  dumpBytes: 12 * mebibyte,
  databaseBytes: 80 * mebibyte,
  randomBytes: 4 * mebibyte,
}

export interface MadeTree {
  readonly files: number
  readonly bytes: number
}

/** What a server has: sources, documents, programs, a dump, a database, and what does not compress. The same in every run. */
export function makeTree(folder: string, size: TreeSize): MadeTree {
  const material = new Material(seed)
  let [files, bytes] = [0, 0]
  const put = (path: string, content: Buffer): void => {
    writeFileSync(path, content)
    files += 1
    bytes += content.length
  }
  for (let number = 0; number < size.smallFiles; number++) {
    const group = Math.floor(number / filesPerFolder)
    const own = join(folder, 'small', `group-${Math.floor(group / 40)}`, `part-${group}`)
    if (number % filesPerFolder === 0) {
      mkdirSync(own, { recursive: true })
      symlinkSync(`../part-${group}`, join(own, 'self'))
    }
    const kinds: ContentKind[] = ['code', 'prose', 'code', 'binary']
    // Most are small, a few are not: 8 KiB on average, 64 at most.
    put(
      join(own, `file-${number}.txt`),
      material.bytes(kinds[number % kinds.length] ?? 'code', 64 + Math.floor(material.random() ** 7 * 64 * 1024)),
    )
  }
  mkdirSync(join(folder, 'medium'))
  for (let number = 0; number < size.mediumFiles; number++) {
    const kind: ContentKind = number % 3 === 0 ? 'prose' : 'binary'
    put(join(folder, 'medium', `library-${number}.so`), material.bytes(kind, Math.floor((0.05 + material.random() * 0.35) * mebibyte)))
  }
  mkdirSync(join(folder, 'large'))
  for (let number = 0; number < size.largeFiles; number++) {
    put(join(folder, 'large', `program-${number}.bin`), material.bytes('binary', Math.floor(30 + material.random() * 30) * mebibyte))
  }
  put(join(folder, 'large', 'photos.bin'), material.bytes('random', size.randomBytes))
  bytes += writeDump(join(folder, 'shop.sql'), size.dumpBytes, material)
  bytes += writeDatabase(join(folder, 'shop.db'), size.databaseBytes, material)
  return { files: files + 2, bytes }
}

/** A working day: rows changed all over the database, a dump that grew, files edited, added and removed. */
export function changeTree(folder: string): void {
  const material = new Material(seed + 1)
  changeRows(join(folder, 'shop.db'))
  appendFileSync(join(folder, 'shop.sql'), material.bytes('prose', 900 * 1024))
  const group = join(folder, 'small', 'group-0')
  for (const [number, part] of readdirSync(group).slice(0, 20).entries()) {
    const files = readdirSync(join(group, part)).filter((name) => name.endsWith('.txt'))
    for (const name of files.slice(0, 3)) appendFileSync(join(group, part, name), `edited ${number}\n`)
    writeFileSync(join(group, part, 'new.txt'), material.bytes('prose', 8 * 1024))
    rmSync(join(group, part, files.at(-1) ?? 'none'), { force: true })
  }
}

/** So many rows, spread over the whole database, get other values of the same length. */
export function changeRows(file: string): void {
  const database = new DatabaseSync(file)
  const { count } = database.prepare('SELECT count(*) AS count FROM orders').get() as { count: number }
  const update = database.prepare('UPDATE orders SET total = total + 1 WHERE id = ?')
  database.exec('BEGIN')
  for (let number = 0; number < changedRows; number++) update.run(1 + Math.floor((number * count) / changedRows))
  database.exec('COMMIT')
  database.close()
}

function writeDump(path: string, sizeBytes: number, material: Material): number {
  const file = openSync(path, 'w')
  let written = 0
  for (let id = 0; written < sizeBytes;) {
    const lines: string[] = []
    for (let line = 0; line < 2000; line++, id++) {
      const total = (material.random() * 1000).toFixed(2)
      lines.push(
        `INSERT INTO orders VALUES (${id}, 'customer-${Math.floor(material.random() * 1e5)}', ${total}, '${material.bytes('prose', 60).toString().replaceAll("'", ' ').replaceAll('\n', ' ')}');\n`,
      )
    }
    written += writeSync(file, lines.join(''))
  }
  closeSync(file)
  return written
}

function writeDatabase(path: string, sizeBytes: number, material: Material): number {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = DELETE; CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, note TEXT); BEGIN')
  const insert = database.prepare('INSERT INTO orders (total, note) VALUES (?, ?)')
  for (let row = 0; row < sizeBytes / rowBytes; row++)
    insert.run(1_000_000 + Math.floor(material.random() * 1e6), material.bytes('prose', noteBytes).toString())
  database.exec('COMMIT')
  database.close()
  return statSync(path).size
}
