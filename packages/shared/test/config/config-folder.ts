import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CrossCheck } from '@nightshift/shared/config/cross-check'
import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { loadConfig, type SectionSchemas } from '@nightshift/shared/config/load-config'
import type { ServiceName } from '@nightshift/shared/subjects'
import { sampleSections } from './sample-sections.ts'

export interface Given {
  env?: Record<string, string>
  sections?: SectionSchemas
  run?: ServiceName[] | 'all'
  crossChecks?: CrossCheck[]
}

/** A folder for configuration files, to be removed after the tests. */
export class ConfigFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'nightshift-config-'))

  /** Writes a file only its owner may read. */
  write(text: string | Uint8Array, name = 'c.yaml'): string {
    const file = join(this.path, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }

  load(text: string | Uint8Array, given: Given = {}) {
    const { env = {}, sections = sampleSections as SectionSchemas, run = 'all', crossChecks = [] } = given
    return loadConfig({ file: this.write(text), env, sections, run, crossChecks })
  }

  /** What is wrong with a text, one line for each mistake. */
  async complaints(text: string | Uint8Array, given: Given = {}): Promise<string[]> {
    const loaded = await this.load(text, given)
    return loaded.ok ? [] : loaded.diagnostics.map((diagnostic) => formatDiagnostic({ ...diagnostic, file: 'c.yaml' }))
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
