import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'

const file = () => z.string().startsWith('/', 'write the whole path, starting with /').max(4096)

export const natsCheckSchema = z
  .strictObject({
    ...checkShape,
    kind: z.literal('nats'),
    servers: z
      .array(
        z
          .string()
          .regex(/^(?:(?:nats|tls):\/\/)?(?:\[[0-9a-fA-F:.]+\]|[^\s/@:]+)(?::\d{1,5})?$/, 'write an address like nats://127.0.0.1:4222'),
      )
      .min(1)
      .max(32)
      .default(['nats://127.0.0.1:4222'])
      .describe('Servers of one cluster; any of them will do'),
    user: z.string().min(1).max(256).optional(),
    password: z.string().min(1).max(4096).optional(),
    token: z.string().min(1).max(4096).optional(),
    nkey: z
      .string()
      .regex(/^SU[A-Z2-7]{56}$/, 'is not the seed of a user; it has 58 characters and begins with SU')
      .optional(),
    creds_file: file().optional().describe('A .creds file (JWT and seed)'),
    tls: z
      .strictObject({
        ca_file: file().optional(),
        cert_file: file().optional(),
        key_file: file().optional(),
        server_name: z
          .string()
          .min(1)
          .max(253)
          .optional()
          .describe('Name that the certificate must have; the default is the host of the server'),
        insecure: z.boolean().default(false).describe('Do not verify the certificate'),
      })
      .optional()
      .describe('TLS; without it, TLS is used when the server asks for it'),
    stream: z
      .string()
      .regex(/^[^\s.*>/\\]{1,255}$/, 'is no name of a stream')
      .optional()
      .describe('A JetStream stream that must exist, have a leader, and have all its replicas current'),
    js_domain: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,63}$/)
      .optional()
      .describe('JetStream domain of the stream'),
    max_latency: duration({ min: 1, max: 300_000 }).optional().describe('Slower than this is a failure'),
  })
  .refine(
    (check) => ['user', 'token', 'nkey', 'creds_file'].filter((key) => check[key as 'user'] !== undefined).length <= 1,
    'keep one way to log in: user and password, token, nkey or creds_file',
  )
