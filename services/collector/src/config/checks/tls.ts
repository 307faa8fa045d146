import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'
import { hostName, tlsShape } from './connection-shape.ts'

/** Certificates that end so soon are a failure; those that end a little later are said to. */
export const remainingShape = {
  min_remaining: duration({ min: 1000 }).prefault('7d').describe('A certificate that expires sooner is a failure'),
  warn_remaining: duration({ min: 1000 }).prefault('30d').describe('One that expires sooner has `severity: warning` in the detail'),
}

export const tlsCheckSchema = z.strictObject({
  ...checkShape,
  ...tlsShape,
  ...remainingShape,
  kind: z.literal('tls'),
  host: hostName().default('127.0.0.1'),
  port: z.int().min(1).max(65_535).default(443),
  starttls: z.enum(['smtp', 'imap', 'pop3', 'postgres']).optional().describe('Speak this protocol until it changes to TLS'),
  min_version: z.enum(['TLSv1.2', 'TLSv1.3']).optional().describe('An older version of TLS is a failure'),
})
