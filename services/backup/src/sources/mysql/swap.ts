import { keptName } from '../loaded-name.ts'
import type { Loaded } from '../loader.ts'
import { quoteName, type MysqlSession } from './session.ts'

/** Longer names are refused by the server. */
export const maxNameBytes = 64

interface Exchange {
  readonly live: string
  readonly loaded: string
  readonly kept: string
}

interface Trigger {
  readonly database: string
  readonly name: string
  readonly statement: string
  readonly sqlMode: string
}

interface Swapped {
  readonly kept: readonly string[]
  undo(session: MysqlSession): Promise<void>
}

/**
 * The tables of live and loaded databases change places, all of them in one statement. MySQL cannot rename databases, nor tables that have
 * triggers: those are made again after it. Views, routines and events stay as they are.
 */
export async function swapTables(session: MysqlSession, loaded: Loaded): Promise<Swapped> {
  const exchanges = exchangesOf(loaded)
  for (const { live, kept } of exchanges) {
    await session.rows(`CREATE DATABASE IF NOT EXISTS ${quoteName(live)}`)
    await session.rows(`CREATE DATABASE ${quoteName(kept)}`)
  }
  try {
    await move(
      session,
      exchanges.flatMap(({ live, loaded: from, kept }) => [[live, kept] as const, [from, live] as const]),
    )
  } catch (error) {
    for (const { kept } of exchanges) await session.rows(`DROP DATABASE ${quoteName(kept)}`)
    throw error
  }
  return {
    kept: exchanges.map(({ kept }) => kept),
    undo: async (again) => await moveBack(again, exchanges),
  }
}

/** Undoes a swap whose process may have ended in the middle. All tables move at once, so either all have or none. */
export async function revertSwap(session: MysqlSession, loaded: Loaded): Promise<void> {
  const all = exchangesOf(loaded)
  const present = new Set((await session.column('SELECT schema_name FROM information_schema.schemata')).map(String))
  const exchanges = all.filter(({ kept }) => present.has(kept))
  let isMoved = false
  for (const { loaded: from, kept } of exchanges)
    isMoved ||= (await tablesOf(session, kept)).length > 0 || (await tablesOf(session, from)).length === 0
  if (exchanges.length > 0 && isMoved) await moveBack(session, exchanges)
  else for (const { kept } of exchanges) await session.rows(`DROP DATABASE ${quoteName(kept)}`)
}

function exchangesOf(loaded: Loaded): Exchange[] {
  return loaded.items.map(({ name, loadedAs }) => ({
    live: name,
    loaded: loadedAs,
    kept: keptName(name, loaded.target.suffix, maxNameBytes),
  }))
}

async function moveBack(session: MysqlSession, exchanges: readonly Exchange[]): Promise<void> {
  await move(
    session,
    exchanges.flatMap(({ live, loaded: from, kept }) => [[live, from] as const, [kept, live] as const]),
  )
  for (const { kept } of exchanges) await session.rows(`DROP DATABASE ${quoteName(kept)}`)
}

/** Moves all tables of one database into another, then those of the next: as one change, of which all or nothing happens. */
async function move(session: MysqlSession, steps: readonly (readonly [from: string, to: string])[]): Promise<void> {
  const triggers: (Trigger & { to: string })[] = []
  const renames: string[] = []
  for (const [from, to] of steps) {
    for (const trigger of await triggersOf(session, from)) triggers.push({ ...trigger, to })
    for (const table of await tablesOf(session, from))
      renames.push(`${quoteName(from)}.${quoteName(table)} TO ${quoteName(to)}.${quoteName(table)}`)
  }
  for (const { database, name } of triggers) await session.rows(`DROP TRIGGER ${quoteName(database)}.${quoteName(name)}`)
  let isMoved = false
  try {
    if (renames.length > 0) await session.rows(`RENAME TABLE ${renames.join(', ')}`)
    isMoved = true
  } finally {
    for (const trigger of triggers) await make(session, trigger, isMoved ? trigger.to : trigger.database)
  }
}

async function tablesOf(session: MysqlSession, database: string): Promise<string[]> {
  const sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE'"
  return (await session.column(sql, [database])).map(String)
}

async function triggersOf(session: MysqlSession, database: string): Promise<Trigger[]> {
  const names = await session.column(
    'SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = ? ORDER BY action_order',
    [database],
  )
  const triggers: Trigger[] = []
  for (const name of names.map(String)) {
    const [row] = await session.rows(`SHOW CREATE TRIGGER ${quoteName(database)}.${quoteName(name)}`)
    triggers.push({ database, name, statement: String(row?.['SQL Original Statement']), sqlMode: String(row?.['sql_mode']) })
  }
  return triggers
}

async function make(session: MysqlSession, trigger: Trigger, database: string): Promise<void> {
  await session.rows(`USE ${quoteName(database)}`)
  await session.rows('SET SESSION sql_mode = ?', [trigger.sqlMode])
  await session.rows(trigger.statement)
}
