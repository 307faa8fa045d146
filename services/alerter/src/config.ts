import { z } from 'zod'
import { referencesExist, type CrossCheck } from '@nightshift/shared/config/cross-check'
import { configName } from '@nightshift/shared/config/scalars'
import { channelConfigSchema } from './channels/registry.ts'
import { defaultRuleNames } from './rules/default-rules.ts'
import { contactsSchema, laddersSchema } from './escalate/escalation-config.ts'
import { inhibitSchemas } from './inhibit/inhibit-config.ts'
import { rootRouteSchema, routesSchema } from './route/route-config.ts'
import { ruleSchema } from './rules/rule-config.ts'
import { windowsSchema } from './window/window-config.ts'
import { labelsExist, metricsExist } from './rules/rule-checks.ts'

const maxRules = 1000
const maxChannels = 64

/** The `alerter:` section: what is worth telling, and whom. */
export const alerterConfigSchema = z
  .strictObject({
    rules: z
      .record(configName(), ruleSchema)
      .refine((rules) => Object.keys(rules).length <= maxRules, `too many; the most is ${maxRules}`)
      .default({}),
    default_rules: z
      .union([z.boolean(), z.array(z.enum(defaultRuleNames)).max(defaultRuleNames.length)])
      .default(true)
      .describe(
        'The rules that come with Nightshift: all, none, or a list of those to keep. A rule of yours with the same name replaces one',
      ),
    channels: z
      .record(configName(), channelConfigSchema)
      .refine((channels) => Object.keys(channels).length <= maxChannels, `too many; the most is ${maxChannels}`)
      .default({ log: { kind: 'log' } })
      .describe('Whom to tell; without any, alerts stand in the log'),
    route: rootRouteSchema.prefault({}),
    routes: routesSchema.default({}),
    contacts: contactsSchema.default({}),
    escalation: laddersSchema.default({}),
    inhibit: inhibitSchemas,
    windows: windowsSchema.default({}),
    max_alerts: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(50_000)
      .describe('Alerts held at once, pending and firing; what comes on top is counted and not followed'),
  })
  .describe('Rules, and who is told when one is broken')

export type AlerterConfig = z.infer<typeof alerterConfigSchema>

/** What only the whole file can tell. */
export const alerterCrossChecks: readonly CrossCheck[] = [
  metricsExist,
  labelsExist,
  referencesExist({
    from: [
      'alerter.rules.*.channels.*',
      'alerter.route.channels.*',
      'alerter.routes.*.channels.*',
      'alerter.escalation.*.steps.*.channels.*',
    ],
    to: 'alerter.channels',
    what: 'channel',
  }),
  referencesExist({ from: ['alerter.escalation.*.steps.*.contacts.*'], to: 'alerter.contacts', what: 'contact' }),
  referencesExist({ from: ['alerter.route.escalation', 'alerter.routes.*.escalation'], to: 'alerter.escalation', what: 'ladder' }),
]
