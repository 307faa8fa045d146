import type { HoursConfig } from '../hours/hours-config.ts'
import { applicationRules, bind, type ApplicationPack } from './packs/application-rules.ts'
import type { AppMetrics } from './packs/app-metrics.ts'
import { backupRules } from './packs/backup-rules.ts'
import { hostRules } from './packs/host-rules.ts'
import { profiles, type Profile, type ProfileName } from './packs/profiles.ts'
import type { Pack, RuleInput } from './packs/rule-input.ts'
import { checkFailingRule, serverRules } from './packs/server-rules.ts'
import { ruleSchema, type RuleConfig } from './rule-config.ts'

export { checkFailingRule }

/** What the configuration says about the rules that come with Nightshift. */
export interface PackConfig {
  readonly profile?: ProfileName | undefined
  readonly app_metrics?: AppMetrics | undefined
  /** When somebody should be connected. */
  readonly operating_hours?: HoursConfig | undefined
}

/** Where the configuration does not say. */
const defaultHours = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '18:00' } satisfies RuleInput['hours']

const plainRules: Pack = { ...hostRules, ...serverRules, ...backupRules }
const ownRules = Object.values(profiles).flatMap((profile: Profile) => [
  ...Object.keys(profile.rules),
  ...Object.keys(profile.applicationRules),
])

/** Of every rule that comes with Nightshift, those that only a profile has included. */
export const defaultRuleNames = [...new Set([...Object.keys(plainRules), ...Object.keys(applicationRules), ...ownRules])]

/** Every default rule has its page `docs/runbooks/<rule>.md`; a test asserts it. */
export function runbookOf(rule: string): string {
  return `docs/runbooks/${rule}.md`
}

/**
 * The rules that are on unless the configuration says otherwise; one of the configuration with the same name replaces one of these. A rule
 * on data that nobody sends costs nothing and says nothing.
 */
export function defaultRules(config: PackConfig = {}): Record<string, RuleConfig> {
  const profile: Profile | undefined = config.profile === undefined ? undefined : profiles[config.profile]
  const plain: Pack = { ...plainRules, ...profile?.rules }
  const ofApplications: ApplicationPack = { ...applicationRules, ...profile?.applicationRules }
  const bound = Object.entries(ofApplications).flatMap(([name, rule]) => {
    const input = bind(rule, config.app_metrics ?? {}, config.operating_hours ?? defaultHours)
    return input === undefined ? [] : [[name, input] as const]
  })
  const written = [...Object.entries(plain), ...bound].filter(([name]) => profile?.without.includes(name) !== true)
  return Object.fromEntries(written.map(([name, rule]) => [name, ruleSchema.parse({ ...rule, runbook: runbookOf(name) })]))
}
