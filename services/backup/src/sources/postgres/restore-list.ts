import { fitsPattern } from '../table-pattern.ts'

/**
 * Of the table of contents of a dump (`pg_restore --list`) what restores some tables: all definitions, as tables need types and functions,
 * but rows of these tables only, and no foreign keys to tables that stay empty. Undefined when there is no such table.
 */
export function restoreList(list: string, tables: readonly string[]): string | undefined {
  let found = 0
  const kept = list.split('\n').filter((line) => {
    const [, kind = '', rest = ''] = /^\d+; \d+ \d+ (TABLE DATA|FK CONSTRAINT|MATERIALIZED VIEW DATA|EVENT TRIGGER) (.*)$/.exec(line) ?? []
    if (kind === '') return true
    if (kind !== 'TABLE DATA') return false
    const isWanted = namesOf(rest).some(([schema, table]) => fitsPattern(tables, schema, table))
    if (isWanted) found++
    return isWanted
  })
  return found === 0 ? undefined : kept.join('\n')
}

/** `public items postgres`: names may hold spaces, so that there may be several readings. */
function namesOf(text: string): [schema: string, table: string][] {
  const words = text.split(' ')
  const readings: [string, string][] = []
  for (let schemaEnd = 1; schemaEnd < words.length; schemaEnd++)
    for (let tableEnd = schemaEnd + 1; tableEnd <= words.length; tableEnd++)
      if (words.length < 6 || readings.length < 200)
        readings.push([words.slice(0, schemaEnd).join(' '), words.slice(schemaEnd, tableEnd).join(' ')])
  return readings.filter(([, table]) => table !== '')
}
