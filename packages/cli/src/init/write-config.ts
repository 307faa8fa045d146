import { renameSync, rmSync } from 'node:fs'
import { formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { ConfigError } from '@nightshift/shared/errors'
import type { Terminal } from '../commands/command.ts'
import { writePrivate } from '../data-folder/write-private.ts'
import { crossChecks, sectionSchemas } from '../services.ts'

/** Writes a configuration that is good; only its owner may read it. Throws ConfigError `config_invalid`, and then nothing is written. */
export async function writeConfig(file: string, text: string, terminal: Terminal) {
  const draft = `${file}.${process.pid}.new`
  writePrivate(draft, text)
  try {
    const loaded = await loadConfig({ file: draft, env: terminal.env, sections: sectionSchemas, run: 'all', crossChecks })
    if (!loaded.ok) {
      const report = formatReport(loaded.diagnostics, { color: terminal.isTty }).replaceAll(draft, file)
      throw new ConfigError('config_invalid', `these answers make no configuration; nothing was written\n\n${report}`)
    }
    renameSync(draft, file)
    return loaded
  } finally {
    rmSync(draft, { force: true })
  }
}
