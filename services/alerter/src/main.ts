import { loadConfig, loadDefaults } from '@nightshift/shared/config/load-config'
import { runMain } from '@nightshift/shared/service/run-main'
import manifest from '../package.json' with { type: 'json' }
import { alerterConfigSchema, alerterCrossChecks } from './config.ts'
import { alerter } from './service.ts'

const sections = { alerter: alerterConfigSchema }
const options = { sections, run: ['alerter'], crossChecks: alerterCrossChecks } as const

await runMain(
  alerter,
  async (file) => {
    const loaded = file === undefined ? await loadDefaults(options) : await loadConfig({ ...options, file, env: process.env })
    return loaded.ok ? { ...loaded, config: loaded.sections.alerter } : loaded
  },
  manifest.version,
)
