import { readConfigInChild } from '@nightshift/shared/config/read-config-in-child'
import { runMain } from '@nightshift/shared/service/run-main'
import { siblingEntry } from '@nightshift/shared/service/sibling-entry'
import manifest from '../package.json' with { type: 'json' }
import type { CollectorConfig } from './config.ts'
import { collector } from './service.ts'

const configChild = siblingEntry(import.meta.url, 'config-child')

/** Least memory: `npm run bundle -- collector`, then `dist/collector/run --config FILE`, which starts Node with the flags of scripts/bundle.mjs. */
await runMain(
  collector,
  async (file) => await readConfigInChild<CollectorConfig>({ entry: configChild, file, env: process.env }),
  manifest.version,
)
