import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'

export const deadManSchema = z
  .strictObject({
    url: z
      .string()
      .max(4096)
      .refine(isHttpUrl, 'is not the address of a web server; write a URL that starts with https:// or http://')
      .describe('Who is to notice when we fall silent, or url_file'),
    every: duration({ min: 1000, max: 86_400_000 }).prefault('1m'),
    method: z.enum(['GET', 'POST']).default('POST'),
    timeout: duration({ min: 100, max: 60_000 }).prefault('10s').describe('For one ping as a whole'),
  })
  .describe(
    'A ping to somebody outside for as long as the alerter works: when it stays away, the alerter, its bus or the whole site is down',
  )

export type DeadManConfig = z.infer<typeof deadManSchema>

function isHttpUrl(text: string): boolean {
  const protocol = URL.parse(text)?.protocol
  return protocol === 'http:' || protocol === 'https:'
}
