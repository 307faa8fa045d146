import { z } from 'zod'

/** `reporter:` in the configuration file. */
export const reporterConfigSchema = z
  .strictObject({
    title: z.string().min(1).max(80).default('Nightshift').describe('Heading of the console'),
    keep_events: z.int().min(10).max(5000).default(500).describe('Last events that the console and its API hold in memory'),
    max_viewers: z.int().min(1).max(1024).default(64).describe('Browsers that may watch at once; the next is asked to come back later'),
    allowed_hosts: z
      .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, 'write a host name, without port and scheme'))
      .max(32)
      .default([])
      .describe('Names besides localhost under which the console may be opened, e.g. through a tunnel; any other Host header is refused'),
  })
  .describe('Reporter and console')

export type ReporterConfig = z.infer<typeof reporterConfigSchema>
