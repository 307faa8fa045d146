import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'

const status = z.int().min(100).max(599)
const statusRange = z
  .union([status, z.string().regex(/^[1-5]\d\d-[1-5]\d\d$/, 'write one status, or a range like 200-299')])
  .transform((value): [from: number, to: number] =>
    typeof value === 'number' ? [value, value] : [Number(value.slice(0, 3)), Number(value.slice(4))],
  )
  .refine(([from, to]) => from <= to, 'write the lower status first, like 200-299')

export const httpCheckSchema = z.strictObject({
  ...checkShape,
  kind: z.literal('http'),
  url: z.string().max(4096).refine(isHttpUrl, 'write a URL that starts with http:// or https://'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  headers: z
    .record(
      z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/),
      z
        .string()
        .max(8192)
        .regex(/^[^\r\n\0]*$/),
    )
    .default({}),
  body: z
    .union([z.string().max(65_536), z.record(z.string(), z.unknown())])
    .optional()
    .describe('Text as it is, or an object that is sent as JSON'),
  expect_status: z
    .union([statusRange.transform((range) => [range]), z.array(statusRange).min(1).max(64)])
    .prefault(['200-399'])
    .describe('A status, a range, or a list of them'),
  contains: z.string().min(1).max(4096).optional().describe('Text that must stand in the first 1 MiB of the answer'),
  max_latency: duration({ min: 1, max: 300_000 }).optional().describe('Slower than this is a failure'),
  follow_redirects: z.boolean().default(true).describe('Up to 5; false judges the redirect itself'),
  insecure: z.boolean().default(false).describe('Do not verify the certificate'),
})

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}
