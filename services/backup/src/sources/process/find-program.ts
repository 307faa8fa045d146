import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs of servers are not on PATH everywhere: Debian keeps a folder per version of PostgreSQL. */
const parents = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt']
const plainFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/usr/libexec', '/opt/homebrew/bin']

/** The first of the programs that is there: in the named folder only, or on PATH and where distributions put it, newest version first. */
export function findProgram(names: readonly string[], folder?: string): string | undefined {
  const folders = folder === undefined ? searchPath() : [folder]
  for (const name of names) {
    const found = folders.map((each) => join(each, name)).find(isProgram)
    if (found !== undefined) return found
  }
  return undefined
}

function searchPath(): string[] {
  return [
    ...(process.env['PATH'] ?? '').split(delimiter).filter((each) => each.startsWith('/')),
    ...plainFolders,
    ...parents.flatMap(versions),
  ]
}

function versions(parent: string): string[] {
  try {
    const numbers = readdirSync(parent).filter((name) => /\d/.test(name))
    return numbers.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })).map((name) => join(parent, name, 'bin'))
  } catch {
    return []
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
