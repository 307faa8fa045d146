import { readSection } from '@nightshift/shared/config/read-section'
import { runMain } from '@nightshift/shared/service/run-main'
import manifest from '../package.json' with { type: 'json' }
import { reporterConfigSchema } from './config.ts'
import { reporter } from './service.ts'

const section = { service: reporter.name, schema: reporterConfigSchema }

await runMain(reporter, (file) => readSection(section, file), manifest.version)
