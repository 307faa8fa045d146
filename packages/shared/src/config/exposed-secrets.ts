import { diagnose, type ConfigDocument } from './config-document.ts'
import { valueAt } from './config-path.ts'
import type { Diagnostic } from './diagnostic.ts'
import { isSecretKey } from './secrets.ts'

/** Keys of the list whose values are as often no secret. */
const harmlessKeys: ReadonlySet<string> = new Set(['url'])

/** A warning for the first secret that stands in a file which other users of the host can read. */
export function findExposedSecrets(document: ConfigDocument, mode: number, isActive: (topLevelKey: string) => boolean): Diagnostic[] {
  if ((mode & 0o004) === 0 || process.platform === 'win32') return []
  for (const { path, isFromOutside, isUnresolved } of document.origins.values()) {
    const key = String(path.at(-1))
    if (path.length < 2 || !isSecretKey(key) || harmlessKeys.has(key) || !isActive(String(path[0]))) continue
    if (isFromOutside === true || isUnresolved === true || typeof valueAt(document.data, path) !== 'string') continue
    const hint = `chmod 600 ${document.source.file}, or move it into a file of its own: ${key}_file`
    return [diagnose(document, { severity: 'warning', path, on: 'key', message: 'other users of this host can read this secret', hint })]
  }
  return []
}
