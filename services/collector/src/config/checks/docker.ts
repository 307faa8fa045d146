import { z } from 'zod'
import { checkShape } from './check-shape.ts'
import { absolutePath } from './connection-shape.ts'

export const dockerCheckSchema = z
  .strictObject({
    ...checkShape,
    kind: z.literal('docker'),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/, 'is no name of a container')
      .optional()
      .describe('Name or id of the container'),
    label: z.string().min(1).max(512).optional().describe('Or every container that has it: com.example.role=web'),
    min_count: z.int().min(1).max(1000).default(1).describe('So many with the label must run'),
    require_health: z
      .boolean()
      .default(false)
      .describe('It must be healthy; by default one that starts, or has no HEALTHCHECK, is good enough'),
    max_restarts: z.int().min(0).optional().describe('More restarts by Docker since it was made are a failure'),
    socket: absolutePath().default('/var/run/docker.sock').describe('Of Docker, or of Podman'),
  })
  .refine(({ name, label }) => (name === undefined) !== (label === undefined), 'say which container: name or label')
