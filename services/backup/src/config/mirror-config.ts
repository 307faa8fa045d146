import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { destinationSchema, type DestinationConfigOf } from './destination-config.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*[^/\0][^\0]*$/, 'write the whole path of a folder, starting with /')

const targetSchema = destinationSchema.transform((target, context): DestinationConfigOf<'local' | 's3'> => {
  if (target.kind !== 'nats' && target.password === undefined) return target
  const message = target.kind === 'nats' ? 'cannot be a mirror' : 'is not encrypted, so a password is of no use'
  const hint = target.kind === 'nats' ? 'mirror to kind local or s3' : 'back the folder up where it must be encrypted'
  context.issues.push({ code: 'custom', message, params: { hint }, input: target })
  return z.NEVER
})

/** A folder that is kept the same elsewhere, file by file. */
export const mirrorSchema = z
  .strictObject({
    path: absolutePath.describe('Folder of this host'),
    to: targetSchema.describe('A folder or a bucket, as under destinations; files lie there as they are, not encrypted'),
    lag: duration({ min: 1000, max: 7 * dayMs })
      .prefault('1m')
      .describe('How far it may be behind'),
    exclude: z.array(z.string().min(1).max(1024)).max(1000).default([]).describe('Patterns as in .gitignore; secrets never go anyway'),
    reconcile: duration({ min: minuteMs, max: 7 * dayMs })
      .prefault('1h')
      .describe('How often all is compared, for what was missed'),
    delete_after: duration({ min: minuteMs, max: 3650 * dayMs })
      .optional()
      .describe('What was removed here is removed there after so long; without it never'),
  })
  .superRefine(({ path, to }, context) => {
    if (to?.kind !== 'local') return
    const [source, target] = [`${path.replace(/\/+$/, '')}/`, `${to.path.replace(/\/+$/, '')}/`]
    if (!target.startsWith(source) && !source.startsWith(target)) return
    const message = 'lies in what is mirrored, or the other way round'
    context.addIssue({ code: 'custom', path: ['to'], message, params: { hint: 'choose a folder that is not part of the other' } })
  })
  .describe('Keeps a plain copy of a folder elsewhere, as it changes. It is no backup: what is overwritten here is overwritten there')
export type MirrorConfig = z.infer<typeof mirrorSchema>
