import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'

const contactSchema = z
  .strictObject({
    name: z.string().min(1).max(128),
    role: z.string().min(1).max(128).describe('Named in messages, for example "development lead"'),
    phone: z.string().min(3).max(32).optional().describe('Named in messages; the sms channel sends there'),
    email: z.string().min(3).max(254).optional(),
    slack: z
      .string()
      .regex(/^[UW][A-Z0-9]{5,20}$/, 'is not the id of a Slack user; it begins with U and stands in the profile')
      .optional()
      .describe('Id of the Slack user, who is mentioned'),
  })
  .describe('A person who is called')

const stepSchema = z.strictObject({
  after: duration({ max: 7 * 86_400_000 })
    .prefault('0s')
    .describe('Since the first message'),
  channels: z.array(configName()).min(1).max(64).optional().describe('Also these from here on'),
  contacts: z.array(configName()).min(1).max(16).optional().describe('Who is named'),
})

const ladderSchema = z
  .strictObject({
    severity: z
      .array(z.enum(['info', 'warning', 'critical']))
      .min(1)
      .default(['critical'])
      .describe('Only while something of this severity fires'),
    steps: z
      .array(stepSchema)
      .min(1)
      .max(10)
      .refine(
        (steps) => steps.every((step, index) => index === 0 || step.after > (steps[index - 1]?.after ?? 0)),
        'each step must come after the one before it',
      ),
  })
  .describe('Who is called, and who next when nobody takes it on; an acknowledgement or the end of it all stops it')

export const contactsSchema = z
  .record(configName(), contactSchema)
  .refine((contacts) => Object.keys(contacts).length <= 500, 'too many; the most is 500')
export const laddersSchema = z
  .record(configName(), ladderSchema)
  .refine((ladders) => Object.keys(ladders).length <= 64, 'too many; the most is 64')

export type ContactsConfig = z.infer<typeof contactsSchema>
export type LaddersConfig = z.infer<typeof laddersSchema>
