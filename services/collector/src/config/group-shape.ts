import { z } from 'zod'
import { cadence } from './cadence.ts'

/** What every metric group can be told. */
export const groupShape = {
  enabled: z.boolean().default(true),
  every: cadence()
    .optional()
    .describe('How often; the default is `collector.every` for cpu, load, mem, disk and net, and `collector.slow_every` for the others'),
}

/** Names that are left out; * stands for anything. */
export const excluded = (what: string, names: string[]) => z.array(z.string().min(1).max(1024)).max(256).default(names).describe(what)

/** A group that has no options of its own. */
export const plainGroup = () => z.strictObject(groupShape).prefault({})
