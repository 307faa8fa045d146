import type { LoadedItem } from '../loader.ts'
import { quoteName, quoteText, type PostgresSession } from './session.ts'

/** Longer names are cut by the server. */
export const maxNameBytes = 63

/** An empty database with the encoding, owner, settings and grants of the live one, where there is one. */
export async function createBeside(session: PostgresSession, { name, loadedAs }: LoadedItem): Promise<string> {
  const [live] = await session.rows(
    'SELECT oid, pg_encoding_to_char(encoding) AS encoding, datcollate, datctype, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1',
    [name],
  )
  const made = quoteName(loadedAs)
  if (live === undefined) {
    await session.rows(`CREATE DATABASE ${made} TEMPLATE template0`)
    return loadedAs
  }
  const { encoding, datcollate, datctype, owner } = live
  const like = `ENCODING ${quoteText(String(encoding))} LC_COLLATE ${quoteText(String(datcollate))} LC_CTYPE ${quoteText(String(datctype))}`
  await session.rows(`CREATE DATABASE ${made} OWNER ${quoteName(String(owner))} TEMPLATE template0 ${like}`)
  await copySettings(session, live['oid'], made)
  return loadedAs
}

async function copySettings(session: PostgresSession, live: unknown, made: string): Promise<void> {
  const settings = await session.rows(
    'SELECT unnest(setconfig) AS setting FROM pg_db_role_setting WHERE setdatabase = $1 AND setrole = 0',
    [live],
  )
  for (const row of settings) {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(String(row['setting'])) ?? []
    // Lists keep their quotes; other values are texts.
    const literal = /^(?:search_path|temp_tablespaces|session_preload_libraries|local_preload_libraries)$/.test(name)
      ? value
      : quoteText(value)
    await session.rows(`ALTER DATABASE ${made} SET ${name.split('.').map(quoteName).join('.')} = ${literal}`)
  }
  const grants = await session.rows(
    `SELECT CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END AS grantee, privilege_type AS privilege
     FROM pg_database, aclexplode(datacl) WHERE oid = $1`,
    [live],
  )
  const hasGrants = (await session.value('SELECT datacl IS NOT NULL FROM pg_database WHERE oid = $1', [live])) === true
  if (hasGrants) await session.rows(`REVOKE ALL ON DATABASE ${made} FROM PUBLIC`)
  for (const { grantee, privilege } of grants) {
    const who = typeof grantee === 'string' ? quoteName(grantee) : 'PUBLIC'
    await session.rows(`GRANT ${String(privilege)} ON DATABASE ${made} TO ${who}`)
  }
}
