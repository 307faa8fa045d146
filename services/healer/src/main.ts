import { readSection } from '@nightshift/shared/config/read-section'
import { runMain } from '@nightshift/shared/service/run-main'
import manifest from '../package.json' with { type: 'json' }
import { healerConfigSchema, healerCrossChecks } from './config.ts'
import { healer } from './service.ts'

const section = { service: healer.name, schema: healerConfigSchema, crossChecks: healerCrossChecks }

await runMain(healer, (file) => readSection(section, file), manifest.version)
