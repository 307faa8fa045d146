import { readSection } from '@nightshift/shared/config/read-section'
import { runMain } from '@nightshift/shared/service/run-main'
import manifest from '../package.json' with { type: 'json' }
import { alerterConfigSchema, alerterCrossChecks } from './config.ts'
import { alerter } from './service.ts'

const section = { service: alerter.name, schema: alerterConfigSchema, crossChecks: alerterCrossChecks }

await runMain(alerter, (file) => readSection(section, file), manifest.version)
