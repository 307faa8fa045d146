import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'

const server = z
  .string()
  .max(64)
  .regex(
    /^(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?|[0-9A-Fa-f:]+)$/,
    'write an address, like 192.0.2.53 or [2001:db8::53]:5353',
  )

export const dnsCheckSchema = z
  .strictObject({
    ...checkShape,
    kind: z.literal('dns'),
    name: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[A-Za-z0-9_*.:-]+$/, 'is no name that DNS knows')
      .describe('What is asked for; for PTR also an address'),
    record: z.enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT']).default('A'),
    server: server.optional().describe('Address of the server to ask; the default are those of this machine'),
    expect: z
      .array(z.string().min(1).max(1024))
      .min(1)
      .max(32)
      .optional()
      .describe('Answers that must be among those given, as 192.0.2.7 or "10 mail.example.com"'),
    exact: z.boolean().default(false).describe('No other answers than those of `expect`'),
    expect_missing: z.boolean().default(false).describe('The name must not exist, or have no such record'),
    min_answers: z.int().min(1).max(100).default(1),
    max_latency: duration({ min: 1, max: 300_000 }).optional().describe('Slower than this is a failure'),
  })
  .refine(({ exact, expect }) => !exact || expect !== undefined, 'exact needs expect: the answers that may be given')
  .refine(({ expect, expect_missing: missing }) => !missing || expect === undefined, 'expect and expect_missing exclude each other')
