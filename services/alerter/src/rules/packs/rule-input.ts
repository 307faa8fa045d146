import type { z } from 'zod'
import type { ruleSchema } from '../rule-config.ts'

/** A rule as a person writes it. */
export type RuleInput = z.input<typeof ruleSchema>
export type Pack = Readonly<Record<string, RuleInput>>
