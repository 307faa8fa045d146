import { accessSync, constants, mkdirSync } from 'node:fs'
import { codeOf } from './error-counts.ts'
import { ConfigError } from '../errors.ts'

/** Makes the folder of a service, for its owner alone, or says why it cannot be used. */
export function prepareStateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const user = process.getuid?.() === undefined ? 'this user' : `user ${process.getuid()}`
    throw new ConfigError(
      'state_dir',
      `cannot use the state folder ${path} (${codeOf(cause)}): make it a folder that ${user} may write to, or set \`state_dir:\` to another one`,
      { cause },
    )
  }
}
