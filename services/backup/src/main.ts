import { readSection } from '@nightshift/shared/config/read-section'
import { runMain } from '@nightshift/shared/service/run-main'
import manifest from '../package.json' with { type: 'json' }
import { backupConfigSchema, backupCrossChecks } from './config.ts'
import { backup } from './service.ts'

const section = { service: backup.name, schema: backupConfigSchema, crossChecks: backupCrossChecks }

await runMain(backup, (file) => readSection(section, file), manifest.version)
