import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'

const pattern = () => z.string().min(1).max(253)
const match = (what: string) =>
  z.record(z.string().min(1).max(128), z.union([pattern().transform((one) => [one]), z.array(pattern()).min(1).max(64)])).describe(what)

const inhibitSchema = z
  .strictObject({
    source: match('While such an alert fires: host, rule, severity, or any label'),
    target: match('... nobody is told of these').default({}),
    equal: z.array(z.string().min(1).max(128)).max(16).default(['host']).describe('Labels that both must have in common'),
  })
  .describe('What is only a consequence is kept from people while its cause fires')

/** A host that is down mutes everything that is said about it. */
const hostDown = { source: { rule: 'host-silent' } }

export const inhibitSchemas = z
  .record(configName(), inhibitSchema)
  .refine((rules) => Object.keys(rules).length <= 200, 'too many; the most is 200')
  .prefault({ 'host-down': hostDown })

export type InhibitConfig = z.infer<typeof inhibitSchemas>
