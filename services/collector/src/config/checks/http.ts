import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'
import { headerName, headers, httpAuth, tlsShape } from './connection-shape.ts'
import { jsonExpectations, pattern, textShape } from './text-shape.ts'

const status = z.int().min(100).max(599)
const statusRange = z
  .union([status, z.string().regex(/^[1-5]\d\d-[1-5]\d\d$/, 'write one status, or a range like 200-299')])
  .transform((value): [from: number, to: number] =>
    typeof value === 'number' ? [value, value] : [Number(value.slice(0, 3)), Number(value.slice(4))],
  )
  .refine(([from, to]) => from <= to, 'write the lower status first, like 200-299')

const headerExpectation = z.union([
  z.string().max(4096),
  z.strictObject({
    present: z.boolean().optional().describe('False: the header must be missing'),
    contains: textShape.contains,
    matches: pattern().optional(),
  }),
])

export const httpCheckSchema = z
  .strictObject({
    ...checkShape,
    ...textShape,
    ...tlsShape,
    kind: z.literal('http'),
    url: z.string().max(4096).refine(isHttpUrl, 'write a URL that starts with http:// or https://'),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
    headers: headers(),
    auth: httpAuth(),
    body: z
      .union([z.string().max(65_536), z.record(z.string(), z.unknown())])
      .optional()
      .describe('Text as it is, or an object that is sent as JSON'),
    resolve: z
      .union([z.ipv4(), z.ipv6()], 'write the address to connect to, like 192.0.2.7')
      .optional()
      .describe('Connect to this address, whatever DNS says'),
    expect_status: z
      .union([statusRange.transform((range) => [range]), z.array(statusRange).min(1).max(64)])
      .prefault(['200-399'])
      .describe('A status, a range, or a list of them'),
    expect_headers: z
      .record(headerName(), headerExpectation)
      .optional()
      .describe('By header of the answer: its value, or {contains, matches, present}'),
    json: jsonExpectations(),
    max_latency: duration({ min: 1, max: 300_000 }).optional().describe('Slower than this is a failure'),
    min_remaining: duration({ min: 1000 }).optional().describe('The certificate must be valid for so much longer, like 7d'),
    follow_redirects: z.boolean().default(true).describe('Up to 5; false judges the redirect itself'),
  })
  .refine(
    ({ auth, headers: sent }) => auth === undefined || !Object.keys(sent).some((name) => name.toLowerCase() === 'authorization'),
    'auth and the header Authorization are both given: keep one of them',
  )

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}
