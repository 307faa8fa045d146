import type { Loaded, Loader } from '../../sources/loader.ts'

const maxShown = 5

/** What a person is shown before rows of a snapshot are copied into a live table. */
export async function matchingRows(
  loader: Loader,
  loaded: Loaded,
  { database, table, where }: { database?: string; table: string; where?: string },
): Promise<string> {
  if (loader.kind !== 'postgres' && loader.kind !== 'mysql' && loader.kind !== 'sqlite') return `what fits ${table}`
  const quote = loader.kind === 'mysql' ? '`' : '"'
  const name = table
    .split('.')
    .map((part) => `${quote}${part.replaceAll(quote, quote + quote)}${quote}`)
    .join('.')
  const from = `FROM ${name} AS t${where === undefined ? '' : ` WHERE (${where}\n)`}`
  const [count] = await loader.query(loaded, `SELECT count(*) ${from}`, database)
  const what = loader.kind === 'postgres' ? 'row_to_json(t)::text' : '*'
  const rows = await loader.query(loaded, `SELECT ${what} ${from} LIMIT ${maxShown}`, database)
  const shown = rows.map((row) => `  ${String(row).slice(0, 200)}`).join('\n')
  return `${String(count)} rows of ${table} in the snapshot${where === undefined ? '' : ` where ${where}`}${shown === '' ? '' : `, for example:\n${shown}`}`
}
