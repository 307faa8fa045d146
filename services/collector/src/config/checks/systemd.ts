import { z } from 'zod'
import { checkShape } from './check-shape.ts'
import { absolutePath } from './connection-shape.ts'

const states = ['active', 'reloading', 'inactive', 'failed', 'activating', 'deactivating', 'maintenance', 'refreshing'] as const

export const systemdCheckSchema = z.strictObject({
  ...checkShape,
  kind: z.literal('systemd'),
  unit: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[A-Za-z0-9:_.\\@-]+$/, 'is no name of a unit')
    .transform((name) => (/\.[a-z]+$/.test(name) ? name : `${name}.service`))
    .describe('As nginx.service, backup.timer; without an ending it is a service'),
  states: z
    .array(z.enum(states))
    .min(1)
    .default(['active', 'reloading'])
    .describe('ActiveState that is good; a service that runs now and then is also good when `inactive`'),
  sub_states: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(16)
    .optional()
    .describe('SubState that is good, such as running, or waiting of a timer'),
  max_restarts: z.int().min(0).optional().describe('More restarts by systemd since it was started are a failure'),
  bus_socket: absolutePath().optional().describe('Socket of the system bus; the default is /run/dbus/system_bus_socket'),
})
