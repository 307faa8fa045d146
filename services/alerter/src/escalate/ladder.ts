import { z } from 'zod'
import type { ContactsConfig, LaddersConfig } from './escalation-config.ts'

/** Somebody who is named in a message. */
export const calledSchema = z.object({
  name: z.string(),
  role: z.string(),
  phone: z.string().nullable(),
  email: z.string().nullable(),
  slack: z.string().nullable(),
})

export const stepSchema = z.object({
  after_ms: z.number().nonnegative(),
  channels: z.array(z.string()),
  contacts: z.array(calledSchema),
})

/** As an incident keeps it from its beginning: a change of the configuration does not change who is called for what is under way. */
export const ladderSnapshotSchema = z.object({
  severities: z.array(z.enum(['info', 'warning', 'critical'])),
  steps: z.array(stepSchema),
})

export type Called = z.infer<typeof calledSchema>
export type Step = z.infer<typeof stepSchema>
export type Ladder = z.infer<typeof ladderSnapshotSchema>

/** The ladder of this name, with its contacts in full; null when there is none. */
export function ladderOf(name: string | null, ladders: LaddersConfig, contacts: ContactsConfig): Ladder | null {
  const config = name === null ? undefined : ladders[name]
  if (config === undefined) return null
  const call = (key: string): Called[] => {
    const contact = contacts[key]
    if (contact === undefined) return []
    const { phone = null, email = null, slack = null } = contact
    return [{ name: contact.name, role: contact.role, phone, email, slack }]
  }
  const steps = config.steps.map((step) => ({
    after_ms: step.after,
    channels: step.channels ?? [],
    contacts: (step.contacts ?? []).flatMap(call),
  }))
  return { severities: config.severity, steps }
}

/** The steps that are due by now and were not taken. Pure. */
export function stepsDue(ladder: Ladder, taken: number, openedMs: number, nowMs: number): readonly Step[] {
  return ladder.steps.slice(taken).filter((step) => openedMs + step.after_ms <= nowMs)
}
