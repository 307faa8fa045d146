import { z } from 'zod'
import { referencesExist, type CrossCheck } from '@nightshift/shared/config/cross-check'
import { configName } from '@nightshift/shared/config/scalars'
import { channelConfigSchema } from './channels/registry.ts'
import { withSlackOf } from './channels/slack/slack-environment.ts'
import { hoursSchema } from './hours/hours-config.ts'
import { defaultRuleNames } from './rules/default-rules.ts'
import { appMetricsSchema } from './rules/packs/app-metrics.ts'
import { profileNames, profilesInWords } from './rules/packs/profiles.ts'
import { backupDoneSchema } from './backup-done/backup-done-config.ts'
import { contactsSchema, laddersSchema } from './escalate/escalation-config.ts'
import { drillSchema } from './drill/drill-config.ts'
import { inhibitSchemas } from './inhibit/inhibit-config.ts'
import { deadManSchema } from './deadman/dead-man-config.ts'
import { flappingSchema } from './flap/flap-config.ts'
import { presenceSchema } from './presence/presence-config.ts'
import { rootRouteSchema, routesSchema } from './route/route-config.ts'
import { incidentLevelsSchema } from './rules/incident-level.ts'
import { ruleSchema } from './rules/rule-config.ts'
import { maxShards } from './shard-place.ts'
import { windowsSchema } from './window/window-config.ts'
import { expressionsFit } from './rules/expression-checks.ts'
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
    profile: z.enum(profileNames).optional().describe(`A set of numbers for the default rules. ${profilesInWords}`),
    app_metrics: appMetricsSchema,
    operating_hours: hoursSchema
      .optional()
      .describe('When somebody should be connected to your applications; the default is Monday to Friday, 09:00 to 18:00'),
    channels: z
      .record(configName(), channelConfigSchema)
      .refine((channels) => Object.keys(channels).length <= maxChannels, `too many; the most is ${maxChannels}`)
      .default({ log: { kind: 'log' } })
      .transform((channels, context) => withSlackOf(process.env, channels, context))
      .describe('Whom to tell; without any, alerts stand in the log. SLACK_WEBHOOK_URL in the environment adds a channel slack'),
    route: rootRouteSchema.prefault({}),
    routes: routesSchema.default({}),
    incident_levels: incidentLevelsSchema.prefault({}),
    contacts: contactsSchema.default({}),
    escalation: laddersSchema.default({}),
    inhibit: inhibitSchemas,
    windows: windowsSchema.default({}),
    drill: drillSchema.optional(),
    backup_done: backupDoneSchema.prefault({}),
    presence: presenceSchema.prefault({}),
    flapping: flappingSchema.prefault({}),
    deadman: deadManSchema.optional(),
    shards: z
      .int()
      .min(1)
      .max(maxShards)
      .default(1)
      .describe('Parts of the fleet, each judged by one replica at a time. The same for all replicas; takes a restart of all of them'),
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
  expressionsFit,
  referencesExist({
    from: [
      'alerter.rules.*.channels.*',
      'alerter.route.channels.*',
      'alerter.routes.*.channels.*',
      'alerter.escalation.*.steps.*.channels.*',
      'alerter.drill.channels.*',
      'alerter.backup_done.channels.*',
    ],
    to: 'alerter.channels',
    what: 'channel',
  }),
  referencesExist({ from: ['alerter.escalation.*.steps.*.contacts.*'], to: 'alerter.contacts', what: 'contact' }),
  referencesExist({ from: ['alerter.route.escalation', 'alerter.routes.*.escalation'], to: 'alerter.escalation', what: 'ladder' }),
]
