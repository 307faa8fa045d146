import { ConfigError } from '@nightshift/shared/errors'
import type { IntegrityConfigOf } from '../config/integrity-config.ts'
import { mysqlPort } from '../sources/mysql/port.ts'
import { MysqlSession, quoteName } from '../sources/mysql/session.ts'
import { serverAddress } from '../sources/server-address.ts'
import type { Examination, Examiner, Finding, Repair } from './finding.ts'

const maxTables = 10_000
const maxTexts = 5
/** Engines whose tables can be repaired in place; of InnoDB a damaged table has to be restored. */
const repairable = new Set(['MyISAM', 'Aria', 'ARCHIVE', 'CSV'])

export interface MysqlFigures {
  /** What CHECK TABLE says, but for `OK`. */
  readonly tables: readonly { name: string; engine: string; type: string; text: string }[]
  readonly orphans: readonly { table: string; parent: string; rows: number }[]
  readonly checked: number
}

/** What the figures of a MySQL database mean. Names are quoted already. */
export function judgeMysql({ tables, orphans, checked }: MysqlFigures): Examination {
  const problems = tables.filter(({ type, text }) => type !== 'note' && !/^(?:OK|Table is already up to date)$/.test(text))
  const findings = [...Map.groupBy(problems, ({ name }) => name).values()].flatMap(judgeTable)
  for (const { table, parent, rows } of orphans)
    findings.push({
      check: 'foreign_keys',
      severity: 'error',
      detail: `${rows} rows of ${table} point to rows of ${parent} that are not there`,
    })
  return { checked, findings }
}

/** Everything that is said of one table. */
function judgeTable(said: MysqlFigures['tables']): Finding[] {
  const [first] = said
  if (first === undefined) return []
  const { name, engine } = first
  const isDamaged = said.some(({ type }) => type !== 'warning')
  const canRepair = isDamaged && repairable.has(engine)
  const effect = `makes the indexes of ${name} anew; the table is locked, and rows that cannot be read are lost`
  const texts = said.slice(0, maxTexts).map(({ text }) => text)
  return [
    {
      check: 'check_table',
      severity: isDamaged ? 'error' : 'warning',
      detail: `${name}: ${texts.join(' | ')}${!isDamaged || canRepair ? '' : '; restore it from the last verified snapshot beside, and compare'}`,
      ...(canRepair && { repair: { kind: 'table', statement: `REPAIR TABLE ${name}`, effect } }),
    },
  ]
}

export async function openMysql(config: IntegrityConfigOf<'mysql'>, signal: AbortSignal): Promise<Examiner> {
  const address = serverAddress(config, mysqlPort)
  const database = config.database ?? address.database
  if (database === undefined)
    throw new ConfigError('no_database', 'say which database of MySQL is to be checked: `database`, or the path of the url')
  return new MysqlExaminer(await MysqlSession.open(address, database, signal), database)
}

class MysqlExaminer implements Examiner {
  readonly #session: MysqlSession
  readonly #database: string

  constructor(session: MysqlSession, database: string) {
    this.#session = session
    this.#database = database
  }

  async examine(): Promise<Examination> {
    return judgeMysql(await figuresOf(this.#session, this.#database))
  }

  async ask(query: string, maxRows: number): Promise<unknown[][]> {
    await this.#session.rows('START TRANSACTION READ ONLY')
    try {
      return (await this.#session.rows(`SELECT * FROM (${query.trim().replace(/;$/, '')}\n) nightshift_rule LIMIT ${maxRows}`)).map((row) =>
        Object.values(row),
      )
    } finally {
      await this.#session.rows('ROLLBACK')
    }
  }

  async tryOut(statement: string): Promise<number> {
    return await this.#change(statement, 'ROLLBACK')
  }

  async repair({ kind, statement }: Repair): Promise<number> {
    if (kind === 'rule') return await this.#change(statement, 'COMMIT')
    await this.#session.rows(statement)
    return 0
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  async #change(statement: string, end: 'COMMIT' | 'ROLLBACK'): Promise<number> {
    // A definition would end the transaction, and could not be tried out.
    if (!/^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b/i.test(statement))
      throw new ConfigError(
        'bad_repair',
        'the repair of a rule in MySQL begins with INSERT, UPDATE, DELETE or REPLACE: anything else cannot be taken back',
      )
    await this.#session.rows('START TRANSACTION')
    let isDone = false
    try {
      const rows = await this.#session.change(statement)
      await this.#session.rows(end)
      isDone = true
      return rows
    } finally {
      if (!isDone) await this.#session.rows('ROLLBACK').catch(() => undefined)
    }
  }
}

async function figuresOf(session: MysqlSession, database: string): Promise<MysqlFigures> {
  const known = await session.rows(
    `SELECT table_name AS name, engine AS engine FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE' ORDER BY 1 LIMIT ${maxTables}`,
    [database],
  )
  const tables: MysqlFigures['tables'][number][] = []
  for (const row of known) {
    const name = quoteName(String(row['name']))
    for (const said of await session.rows(`CHECK TABLE ${name}`))
      tables.push({ name, engine: String(row['engine']), type: String(said['Msg_type']).toLowerCase(), text: String(said['Msg_text']) })
  }
  return { tables, orphans: await orphansOf(session, database), checked: known.length }
}

/** Rows whose parents are gone: loads with foreign_key_checks=0 let them in, and the server never looks again. */
async function orphansOf(session: MysqlSession, database: string): Promise<MysqlFigures['orphans'][number][]> {
  const columns = await session.rows(
    `SELECT constraint_name AS fk, table_name AS child, column_name AS col, referenced_table_schema AS db, referenced_table_name AS parent, referenced_column_name AS ref
     FROM information_schema.key_column_usage WHERE table_schema = ? AND referenced_table_name IS NOT NULL ORDER BY table_name, constraint_name, ordinal_position LIMIT ${maxTables}`,
    [database],
  )
  const keys = Map.groupBy(columns, (row) => `${String(row['child'])} ${String(row['fk'])}`)
  const orphans: MysqlFigures['orphans'][number][] = []
  for (const [first, ...more] of keys.values()) {
    if (first === undefined) continue
    const pairs = [first, ...more].map((row) => ({
      own: `c.${quoteName(String(row['col']))}`,
      other: `p.${quoteName(String(row['ref']))}`,
    }))
    const [child, parent] = [quoteName(String(first['child'])), `${quoteName(String(first['db']))}.${quoteName(String(first['parent']))}`]
    const join = pairs.map(({ own, other }) => `${own} = ${other}`).join(' AND ')
    const filled = pairs.map(({ own }) => `${own} IS NOT NULL`).join(' AND ')
    const [count] = await session.column(
      `SELECT count(*) FROM ${child} c LEFT JOIN ${parent} p ON ${join} WHERE ${filled} AND ${pairs[0]?.other} IS NULL`,
    )
    if (Number(count) > 0) orphans.push({ table: child, parent, rows: Number(count) })
  }
  return orphans
}
