import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'
import { cadence } from './cadence.ts'
import { excluded, groupShape, plainGroup } from './group-shape.ts'

const word = () => z.string().min(1).max(255)

const namedGroup = z
  .strictObject({
    name: word().optional().describe('Name of the program: what the kernel calls it, or the file name in its command line'),
    command: z
      .union([word().transform((text) => [text]), z.array(word()).min(1).max(16)])
      .optional()
      .describe('Text, or several, that must all stand in the command line'),
  })
  .refine((group) => group.name !== undefined || group.command !== undefined, 'say which processes: name or command')

/** Options of the groups about single processors, sockets, pressure, paging, processes, temperatures and the clock. */
export const kernelGroupShapes = {
  cpu_core: plainGroup(),
  tcp: plainGroup(),
  psi: plainGroup(),
  vm: plainGroup(),
  fd: plainGroup(),
  proc: z
    .strictObject({
      ...groupShape,
      top: z.int().min(0).max(32).default(10).describe('So many programs by processor time, and so many by memory'),
      named: z
        .record(configName(), namedGroup)
        .refine((named) => Object.keys(named).length <= 32, 'at most 32 named groups')
        .default({})
        .describe('Processes that are counted together under a name'),
    })
    .prefault({}),
  temp: z.strictObject({ ...groupShape, exclude: excluded('Chips to leave out; * stands for anything', []) }).prefault({}),
  clock: z
    .strictObject({
      ...groupShape,
      enabled: z.boolean().default(false),
      every: cadence().prefault('64s').describe('How often time servers are asked'),
      servers: z
        .array(
          z
            .string()
            .regex(
              /^[^\s/:[\]]{1,255}(?::\d{1,5})?$|^\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?$/,
              'write a name or address, and perhaps a port',
            ),
        )
        .max(4)
        .default([])
        .describe('Time servers (NTP), as host, host:port or [IPv6]:port'),
    })
    .prefault({}),
}
