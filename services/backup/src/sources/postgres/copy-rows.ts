import { createReadStream, createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { ConfigError } from '@nightshift/shared/errors'
import type { CopyRows, LoadedItem } from '../loader.ts'
import { Program, runProgram } from '../process/program.ts'
import type { ServerAddress } from '../server-address.ts'
import { postgresEnvironment, PostgresSession, quoteName } from './session.ts'

interface CopyTools {
  readonly address: ServerAddress
  readonly psql: string
  /** Where the rows wait: they are written into the live table only when all of them are there. */
  readonly file: string
  readonly script: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Rows of a table of a loaded database into the same table of the live one, in one transaction there. */
export async function copyTableRows(item: LoadedItem, rows: CopyRows, tools: CopyTools): Promise<number> {
  const [schema, table] = splitName(rows.table)
  const name = `${quoteName(schema)}.${quoteName(table)}`
  const live = await PostgresSession.open(tools.address, item.name, tools.signal)
  try {
    const { columns, key } = await shapeOf(live, name)
    if (rows.replace && key.length === 0)
      throw new ConfigError('no_primary_key', `${rows.table} has no primary key, so that rows cannot be replaced; copy without replacing`)
    await writeOut(item, rows, name, columns, tools)
    await writeFile(tools.script, script(name, columns, key, rows.replace), { mode: 0o600 })
  } finally {
    await live.close()
  }
  const argv = [tools.psql, '-X', '-q', '-t', '-A', '-v', 'ON_ERROR_STOP=1', '-f', tools.script]
  const printed = await runProgram(spec(argv, item.name, tools), createReadStream(tools.file))
  return Number(printed.trim().split('\n').at(-1))
}

async function shapeOf(live: PostgresSession, name: string): Promise<{ columns: string[]; key: string[] }> {
  const attributes = await live.rows(
    `SELECT attname AS name, coalesce(attnum = ANY (SELECT unnest(conkey) FROM pg_constraint WHERE conrelid = attrelid AND contype = 'p'), false) AS is_key
     FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
    [name],
  )
  const columns = attributes.map((row) => quoteName(String(row['name'])))
  return { columns, key: columns.filter((_, index) => attributes[index]?.['is_key'] === true) }
}

async function writeOut(item: LoadedItem, rows: CopyRows, name: string, columns: readonly string[], tools: CopyTools): Promise<void> {
  const select = `SELECT ${columns.join(', ')} FROM ${name}${rows.where === undefined ? '' : ` WHERE (${rows.where}\n)`}`
  const loaded = await PostgresSession.open(tools.address, item.loadedAs, tools.signal)
  try {
    await loaded.assertPlannable(select)
  } finally {
    await loaded.close()
  }
  const argv = [tools.psql, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', `COPY (${select}\n) TO STDOUT`]
  const program = new Program(spec(argv, item.loadedAs, tools, { PGOPTIONS: '-c default_transaction_read_only=on' }))
  try {
    program.stdin.end()
    await pipeline(program.stdout, createWriteStream(tools.file, { mode: 0o600 }))
    await program.succeeded()
  } finally {
    await program.stop()
  }
}

function script(name: string, columns: readonly string[], key: readonly string[], isReplacing: boolean): string {
  const list = columns.join(', ')
  const same = key.map((column) => `live.${column} = found.${column}`).join(' AND ')
  return [
    'BEGIN;',
    `CREATE TEMP TABLE nightshift_rows ON COMMIT DROP AS SELECT ${list} FROM ${name} WITH NO DATA;`,
    `\\copy nightshift_rows (${list}) from pstdin`,
    ...(isReplacing ? [`DELETE FROM ${name} live USING nightshift_rows found WHERE ${same};`] : []),
    `WITH added AS (INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM nightshift_rows ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM added;`,
    'COMMIT;',
    '',
  ].join('\n')
}

function spec(argv: readonly string[], database: string, tools: CopyTools, more: Record<string, string> = {}) {
  const { address, timeoutMs, signal } = tools
  const env = { ...postgresEnvironment(address, database), ...more }
  return { argv, env, timeoutMs, signal, secret: address.password, code: 'load_failed' }
}

function splitName(name: string): [schema: string, table: string] {
  const at = name.indexOf('.')
  return at === -1 ? ['public', name] : [name.slice(0, at), name.slice(at + 1)]
}
