import type { Facts } from '../source.ts'
import { quoteName, type PostgresSession } from './session.ts'
import { fitsPattern } from '../table-pattern.ts'

export interface Table {
  readonly schema: string
  readonly name: string
}

const maxTables = 10_000

/** Tables with rows of their own: no partitioned parents, no foreign tables, nothing of the system's or of extensions. */
export async function tablesOf(session: PostgresSession): Promise<Table[]> {
  const rows = await session.rows(`
    SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1, 2 LIMIT ${maxTables}`)
  return rows.map((row) => ({ schema: String(row['schema']), name: String(row['name']) }))
}

/** Rows of each table, within the session's transaction. */
export async function countTables(session: PostgresSession, database: string, leftOut: readonly string[]): Promise<Facts> {
  const facts: Facts = {}
  for (const { schema, name } of await tablesOf(session)) {
    if (fitsPattern(leftOut, schema, name)) continue
    // ONLY: rows of tables that inherit are counted there.
    const count = await session.value(`SELECT count(*)::text FROM ONLY ${quoteName(schema)}.${quoteName(name)}`)
    facts[`rows.${database}.${schema}.${name}`] = Number(count)
  }
  return facts
}
