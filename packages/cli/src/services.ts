import { alerterConfigSchema, alerterCrossChecks } from '@nightshift/alerter/config'
import { alerter } from '@nightshift/alerter/service'
import { backupConfigSchema, backupCrossChecks } from '@nightshift/backup/config'
import { backup } from '@nightshift/backup/service'
import { collectorConfigSchema } from '@nightshift/collector/config'
import { collector } from '@nightshift/collector/service'
import { healerConfigSchema, healerCrossChecks } from '@nightshift/healer/config'
import { healer } from '@nightshift/healer/service'
import { reporterConfigSchema } from '@nightshift/reporter/config'
import { reporter } from '@nightshift/reporter/service'
import type { CrossCheck } from '@nightshift/shared/config/cross-check'

/** Every service of this version, in the order in which events pass through them. */
export const services = { collector, alerter, backup, healer, reporter } as const

export type RunnableService = keyof typeof services

export const runnableServices = Object.keys(services) as RunnableService[]

/** The section of each service in the configuration file. */
export const sectionSchemas = {
  collector: collectorConfigSchema,
  alerter: alerterConfigSchema,
  backup: backupConfigSchema,
  healer: healerConfigSchema,
  reporter: reporterConfigSchema,
} as const

export const crossChecks: readonly CrossCheck[] = [...alerterCrossChecks, ...backupCrossChecks, ...healerCrossChecks]
