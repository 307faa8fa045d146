import { Transform } from 'node:stream'

/** A line of rows is as long as the largest packet of the server; a longer one is no line of a dump. */
const maxLineBytes = 1024 * 1024 * 1024

/**
 * Of a dump what makes some tables, with their rows and triggers; without the views, routines and events. Data holds no line breaks, so that
 * a line which begins a part does.
 */
export function onlyTables(tables: ReadonlySet<string>): Transform & { readonly found: ReadonlySet<string> } {
  const found = new Set<string>()
  let parts: Buffer[] = []
  let sizeBytes = 0
  let isKept = true
  const keeps = (line: Buffer): boolean => {
    const head = line.subarray(0, 400).toString('utf8')
    const [, table] = /^-- (?:Table structure for|Dumping data for) table `((?:[^`]|``)+)`/.exec(head) ?? []
    if (table !== undefined) {
      const name = table.replaceAll('``', '`')
      isKept = tables.has(name)
      if (isKept) found.add(name)
    } else if (/^-- (?:Temporary (?:table|view) structure|Final view structure|Dumping (?:routines|events))/.test(head)) isKept = false
    // What was set at the beginning is set back.
    else if (head.startsWith('/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE')) isKept = true
    return isKept
  }
  const transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let from = 0
      for (let end = chunk.indexOf(10, from); end !== -1; end = chunk.indexOf(10, from)) {
        const rest = chunk.subarray(from, end + 1)
        const line = parts.length === 0 ? rest : Buffer.concat([...parts, rest])
        parts = []
        sizeBytes = 0
        if (keeps(line)) this.push(line)
        from = end + 1
      }
      if (from < chunk.length) {
        parts.push(chunk.subarray(from))
        sizeBytes += chunk.length - from
      }
      done(sizeBytes > maxLineBytes ? new Error('the dump has a line that is longer than any of mysqldump') : null)
    },
    flush(done) {
      const line = Buffer.concat(parts)
      if (line.length > 0 && keeps(line)) this.push(line)
      done()
    },
  })
  return Object.assign(transform, { found })
}
