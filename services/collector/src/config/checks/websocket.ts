import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'
import { headers, httpAuth, tlsShape } from './connection-shape.ts'
import { jsonExpectations, textShape } from './text-shape.ts'

export const websocketCheckSchema = z.strictObject({
  ...checkShape,
  ...textShape,
  ...tlsShape,
  kind: z.literal('websocket'),
  url: z.string().max(4096).refine(isWebSocketUrl, 'write a URL that starts with ws:// or wss://'),
  headers: headers(),
  auth: httpAuth(),
  subprotocol: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/)
    .optional(),
  send: z
    .union([z.string().max(65_536), z.record(z.string(), z.unknown())])
    .optional()
    .describe('Text to send once it is open, or an object that is sent as JSON'),
  frame_within: duration({ min: 50, max: 300_000 })
    .optional()
    .describe(
      'A frame must come so soon; contains, matches and json wait for one that fits. Without any of these an open connection is enough',
    ),
  json: jsonExpectations(),
})

function isWebSocketUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'ws:' || url.protocol === 'wss:') && url.hash === ''
}
