import { keptName } from '../loaded-name.ts'
import type { Loaded } from '../loader.ts'
import { maxNameBytes } from './beside-database.ts'
import { quoteName, type PostgresSession } from './session.ts'

interface Swapped {
  readonly kept: readonly string[]
  undo(session: PostgresSession): Promise<void>
}

interface Rename {
  readonly from: string
  readonly to: string
}

/**
 * Live databases step aside and the loaded ones take their names. A database can be renamed only while nobody is connected: who is, is sent
 * away, and nobody gets in until it is done. When one rename fails, those before it are taken back.
 */
export async function swapDatabases(session: PostgresSession, loaded: Loaded): Promise<Swapped> {
  const present = await databasesOf(session)
  const live = loaded.items.filter(({ name }) => present.has(name))
  const aside = live.map(({ name }): Rename => ({ from: name, to: keptName(name, loaded.target.suffix, maxNameBytes) }))
  const renames = [...aside, ...loaded.items.map(({ name, loadedAs }): Rename => ({ from: loadedAs, to: name }))]
  await renameAll(session, renames)
  return {
    kept: aside.map(({ to }) => to),
    undo: async (again) =>
      await renameAll(
        again,
        renames.toReversed().map(({ from, to }) => ({ from: to, to: from })),
      ),
  }
}

/** Undoes a swap whose process may have ended in the middle: which names there are tells how far it came. */
export async function revertSwap(session: PostgresSession, loaded: Loaded): Promise<void> {
  for (const { name, loadedAs } of loaded.items.toReversed()) {
    const kept = keptName(name, loaded.target.suffix, maxNameBytes)
    const present = await databasesOf(session)
    const isAside = present.has(kept)
    if (present.has(name) && !present.has(loadedAs)) await rename(session, { from: name, to: loadedAs })
    if (isAside) await rename(session, { from: kept, to: name })
    // A process that ended right before a rename has left it closed.
    else if (present.has(name))
      await session.rows(`ALTER DATABASE ${quoteName(present.has(loadedAs) ? name : loadedAs)} WITH ALLOW_CONNECTIONS true`)
  }
}

async function databasesOf(session: PostgresSession): Promise<Set<string>> {
  return new Set((await session.rows('SELECT datname AS name FROM pg_database')).map((row) => String(row['name'])))
}

async function renameAll(session: PostgresSession, renames: readonly Rename[]): Promise<void> {
  const done: Rename[] = []
  try {
    for (const step of renames) {
      await rename(session, step)
      done.push(step)
    }
  } catch (error) {
    for (const { from, to } of done.toReversed()) await rename(session, { from: to, to: from })
    throw error
  }
}

async function rename(session: PostgresSession, { from, to }: Rename): Promise<void> {
  await session.rows(`ALTER DATABASE ${quoteName(from)} WITH ALLOW_CONNECTIONS false`)
  let name = from
  try {
    await session.rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()', [from])
    await waitUntilAlone(session, from)
    await session.rows(`ALTER DATABASE ${quoteName(from)} RENAME TO ${quoteName(to)}`)
    name = to
  } finally {
    await session.rows(`ALTER DATABASE ${quoteName(name)} WITH ALLOW_CONNECTIONS true`)
  }
}

/** A session that was told to end takes a moment. */
async function waitUntilAlone(session: PostgresSession, database: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const others = await session.value('SELECT count(*)::int FROM pg_stat_activity WHERE datname = $1', [database])
    if (others === 0) return
    await session.rows('SELECT pg_sleep(0.1)')
  }
}
