import { runConfigChild } from '@nightshift/shared/config/config-child'
import { collectorConfigSchema } from './config.ts'

/** A short-lived process that reads the configuration for the collector and prints it as JSON, so that the collector itself loads neither zod nor yaml. */
await runConfigChild({ service: 'collector', schema: collectorConfigSchema })
