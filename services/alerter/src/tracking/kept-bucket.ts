import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'

const token = z.int().nonnegative()
const name = z.string().max(128)
const host = z.string().max(255).nullable()

const keptSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('heard'), token, of: z.array(z.object({ host, check: name.nullable() })).max(20_000) }),
  z.object({
    kind: z.literal('usual'),
    token,
    rule: name,
    recipe: z.string().max(100_000),
    host,
    series: z.array(z.object({ key: z.string().max(8192), hours: z.string().max(2048) })).max(1000),
  }),
])

/** What rules keep over a restart besides their alerts: who was heard of, and what is usual. */
export type Kept = z.infer<typeof keptSchema>
/** Somebody else's, or of another time; it is left alone. */
interface Foreign {
  readonly kind: 'foreign'
  readonly token: 0
}

/** Keys `heard.<rule>` and `usual.<rule>.<host>` of the bucket `hosts`. There is one version so far. */
export const keptBucket: BucketSchema<Kept | Foreign> = {
  version: 1,
  read: (value) => keptSchema.safeParse(value).data ?? { kind: 'foreign', token: 0 },
}
