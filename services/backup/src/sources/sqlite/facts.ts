import { DatabaseSync } from 'node:sqlite'
import { EffectError } from '@nightshift/shared/errors'
import type { Facts } from '../source.ts'

/** More tables than that are not counted one by one. */
const maxTables = 2000

/** Rows of each table that holds data of the user's. */
export function countRows(path: string): Facts {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const facts: Facts = {}
    for (const table of tables(database)) {
      try {
        const row = database.prepare(`SELECT count(*) AS n FROM ${quoteName(table)}`).get()
        facts[`rows.${table}`] = Number(row?.['n'])
      } catch {
        // A virtual table whose module is not here cannot be counted, and is not compared.
      }
    }
    return facts
  } finally {
    database.close()
  }
}

/** Throws EffectError `sqlite_damaged` when the database is not sound. */
export function assertSound(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const findings = database
      .prepare('PRAGMA integrity_check(10)')
      .all()
      .map((row) => String(Object.values(row)[0]))
    if (findings.length === 1 && findings[0] === 'ok') return
    throw new EffectError(
      'sqlite_damaged',
      `the database is damaged: ${findings.join(' | ').slice(0, 500)}; restore an earlier snapshot, or repair it with \`.recover\``,
      {
        severity: 'high',
      },
    )
  } catch (cause) {
    if (cause instanceof EffectError) throw cause
    throw new EffectError('sqlite_damaged', 'the database cannot be read', { cause, severity: 'high' })
  } finally {
    database.close()
  }
}

function tables(database: DatabaseSync): string[] {
  const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT ${maxTables}`
  return database
    .prepare(sql)
    .all()
    .map((row) => String(row['name']))
}

/** In double quotes, for tables and columns. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
