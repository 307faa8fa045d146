import { fileURLToPath } from 'node:url'
import { readConfigInChild } from '@nightshift/shared/config/read-config-in-child'
import { runMain } from '@nightshift/shared/service/run-main'
import manifest from '../package.json' with { type: 'json' }
import type { CollectorConfig } from './config.ts'
import { collector } from './service.ts'

const configChild = fileURLToPath(new URL('./config-child.ts', import.meta.url))

/** Least memory: `node --max-semi-space-size=1 --max-old-space-size=32 --optimize-for-size --v8-pool-size=0 --single-threaded main.ts --config FILE` */
await runMain(
  collector,
  async (file) => await readConfigInChild<CollectorConfig>({ entry: configChild, file, env: process.env }),
  manifest.version,
)
