import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The program that a variable names, else the first of these names on PATH; undefined when there is none. */
export function findProgram(variable: string, names: readonly string[]): string | undefined {
  const named = process.env[variable]
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
