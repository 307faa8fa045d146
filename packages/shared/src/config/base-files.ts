import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { baseFilePaths, type BaseConfig } from './base.ts'
import { diagnose, type ConfigDocument } from './config-document.ts'
import { setValueAt, valueAt } from './config-path.ts'
import type { Diagnostic } from './diagnostic.ts'

/** Makes the files that the base names absolute (relative ones start at the folder of the configuration file), and sees that they can be read. */
export async function resolveBaseFiles(document: ConfigDocument, base: BaseConfig): Promise<Diagnostic[]> {
  const diagnostics: Diagnostic[] = []
  for (const path of baseFilePaths) {
    const file = valueAt(base, path)
    if (typeof file !== 'string') continue
    const absolute = resolve(dirname(document.source.file), file)
    setValueAt(base, path, absolute)
    try {
      await access(absolute, constants.R_OK)
    } catch {
      diagnostics.push(
        diagnose(document, { path, on: 'value', message: `${file} cannot be read`, hint: 'does it exist, and may this user read it?' }),
      )
    }
  }
  return diagnostics
}
