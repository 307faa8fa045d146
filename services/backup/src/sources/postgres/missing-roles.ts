/** Of the dump of the roles the statements that make those which are not there. What is there stays as it is, with its password. */
export function missingRoleStatements(globals: string, present: ReadonlySet<string>): string[] {
  return globals.split('\n').filter((line) => {
    const [, role] = /^(?:CREATE|ALTER) ROLE ("(?:[^"]|"")+"|[^\s;"]+)[ ;]/.exec(line) ?? []
    const [, member] = /^GRANT (?:"(?:[^"]|"")+"|[^\s;"]+) TO ("(?:[^"]|"")+"|[^\s;"]+)/.exec(line) ?? []
    const name = unquoted(role ?? member)
    return name !== undefined && !present.has(name)
  })
}

function unquoted(name: string | undefined): string | undefined {
  return name?.startsWith('"') === true ? name.slice(1, -1).replaceAll('""', '"') : name
}
