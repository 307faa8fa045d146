import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'
import { httpCheckSchema } from './checks/http.ts'
import { commandCheckSchema } from './checks/command.ts'
import { dnsCheckSchema } from './checks/dns.ts'
import { dockerCheckSchema } from './checks/docker.ts'
import { fileCheckSchema } from './checks/file.ts'
import { icmpCheckSchema } from './checks/icmp.ts'
import { pemCheckSchema } from './checks/pem.ts'
import { systemdCheckSchema } from './checks/systemd.ts'
import { tlsCheckSchema } from './checks/tls.ts'
import { websocketCheckSchema } from './checks/websocket.ts'
import { processCheckSchema } from './checks/process.ts'
import { tcpCheckSchema } from './checks/tcp.ts'
import { postgresCheckSchema } from './checks/postgres.ts'
import { mysqlCheckSchema } from './checks/mysql.ts'
import { redisCheckSchema } from './checks/redis.ts'
import { natsCheckSchema } from './checks/nats.ts'

/** Every kind of check by its section. To add one: a file in checks/, a line here. */
const checkSchema = z.discriminatedUnion('kind', [
  httpCheckSchema,
  tcpCheckSchema,
  processCheckSchema,
  commandCheckSchema,
  dnsCheckSchema,
  dockerCheckSchema,
  fileCheckSchema,
  icmpCheckSchema,
  pemCheckSchema,
  systemdCheckSchema,
  tlsCheckSchema,
  websocketCheckSchema,
  postgresCheckSchema,
  mysqlCheckSchema,
  redisCheckSchema,
  natsCheckSchema,
])

export const checksSchema = z
  .record(configName(), checkSchema)
  .superRefine((checks, context) => {
    for (const name of Object.keys(checks).filter((each) => each.startsWith('security-')))
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'begins with security-, which is kept for what collector.security looks at',
      })
  })
  .refine((checks) => Object.keys(checks).length <= 500, 'at most 500 checks per collector')
  .default({})
