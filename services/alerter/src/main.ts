import { setFlagsFromString } from 'node:v8'
import { readSection } from '@nightshift/shared/config/read-section'
import { runMain } from '@nightshift/shared/service/run-main'
import manifest from '../package.json' with { type: 'json' }
import { alerterConfigSchema, alerterCrossChecks } from './config.ts'
import { alerter } from './service.ts'

// V8 lets garbage pile up to several times what is in use: 20,000 alerts took 494 MiB, and with this 30,000 take 428 (docs/benchmarks.md).
// Percent by which the heap may grow between two collections; less makes it smaller and collects more often.
setFlagsFromString('--heap-growing-percent=40')

const section = { service: alerter.name, schema: alerterConfigSchema, crossChecks: alerterCrossChecks }

await runMain(alerter, (file) => readSection(section, file), manifest.version)
