import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInterface } from 'node:readline'
import type { CopyRows, LoadedItem } from '../loader.ts'
import { Program, runProgram } from '../process/program.ts'
import type { MysqlPrograms } from './client-programs.ts'
import { judgeDumpEnd } from './dump-end.ts'
import { quoteName, type MysqlSession } from './session.ts'

/** Rows of a table of a loaded database into the same table of the live one, in one transaction there. */
export async function copyTableRows(
  item: LoadedItem,
  rows: CopyRows,
  tools: { programs: MysqlPrograms; session: MysqlSession; file: string },
): Promise<number> {
  const { programs, session, file } = tools
  const where = rows.where === undefined ? [] : [`--where=(${rows.where}\n)`]
  // One statement that the server can plan: text of a person's cannot close our bracket and go on.
  const condition = rows.where === undefined ? '' : ` WHERE (${rows.where}\n)`
  await session.rows(`EXPLAIN SELECT 1 FROM ${quoteName(item.loadedAs)}.${quoteName(rows.table)}${condition}`)
  const how = rows.replace ? '--replace' : '--insert-ignore'
  const shape = [
    '--skip-opt',
    '--quick',
    '--extended-insert',
    '--complete-insert',
    '--no-create-info',
    '--skip-triggers',
    '--hex-blob',
    '--single-transaction',
    '--no-tablespaces',
  ]
  const dump = new Program(
    programs.spec('dump', [...shape, '--default-character-set=utf8mb4', how, ...where, item.loadedAs, rows.table], { code: 'load_failed' }),
  )
  let end: Buffer = Buffer.alloc(0)
  try {
    dump.stdin.end()
    dump.stdout.on('data', (chunk: Buffer) => {
      end = Buffer.concat([end, chunk.subarray(-256)]).subarray(-256)
    })
    await pipeline(dump.stdout, createWriteStream(file, { mode: 0o600 }))
    await dump.succeeded()
    judgeDumpEnd(rows.table, end)
  } finally {
    await dump.stop()
  }
  const args = ['--binary-mode', '--batch', '--skip-column-names', '--default-character-set=utf8mb4', item.name]
  const printed = await runProgram(
    programs.spec('client', args, { code: 'load_failed' }),
    Readable.from(asTransaction(file), { objectMode: false }),
  )
  return printed.split('\n').reduce((sum, line) => sum + Number(line), 0)
}

/** Texts hold no line breaks, so that a line ends with a semicolon where the statement does. The server says after each statement
 * how many rows it added (of a replaced one: the old and the new). */
async function* asTransaction(file: string): AsyncGenerator<string> {
  const lines = createInterface({ input: createReadStream(file, 'latin1'), crlfDelay: Number.POSITIVE_INFINITY })
  let isAdding = false
  yield 'START TRANSACTION;\n'
  for await (const line of lines) {
    yield `${line}\n`
    if (/^(?:INSERT|REPLACE) /.test(line)) isAdding = true
    if (!isAdding || !line.endsWith(';')) continue
    isAdding = false
    yield 'SELECT ROW_COUNT();\n'
  }
  yield 'COMMIT;\n'
}
