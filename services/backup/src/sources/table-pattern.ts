/** Whether a table fits one of the patterns. */
export function fitsPattern(patterns: readonly string[], schema: string, table: string): boolean {
  return patterns.some((pattern) => {
    const [schemaPart, tablePart] = patternParts(pattern)
    return expression(schemaPart).test(schema) && expression(tablePart).test(table)
  })
}

/** The two halves of `schema.table`. */
export function patternParts(pattern: string): [string, string] {
  const at = pattern.indexOf('.')
  return [pattern.slice(0, at), pattern.slice(at + 1)]
}

function expression(part: string): RegExp {
  return new RegExp(
    `^${part
      .split('*')
      .map((text) => RegExp.escape(text))
      .join('.*')}$`,
    's',
  )
}
