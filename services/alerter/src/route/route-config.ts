import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'

const dayMs = 86_400_000
const pattern = () => z.string().min(1).max(253)
const wait = () => duration({ max: dayMs })

const termsShape = {
  channels: z.array(configName()).min(1).max(64).optional().describe('Who is told; a rule that names channels wins'),
  group_by: z
    .array(z.string().min(1).max(128))
    .max(16)
    .optional()
    .describe(
      'Alerts with the same values of these share one message: host, rule, severity or any label; [] for one message, [alert] for one each',
    ),
  group_wait: wait().optional().describe('How long the first message waits for others to join it; critical ones never wait'),
  group_interval: wait()
    .optional()
    .describe('The least time between two messages about one group; what becomes critical, and the end of it all, never wait'),
  escalation: configName()
    .optional()
    .describe('The ladder of alerter.escalation; the default is the one called default, when there is one'),
  repeat_interval: duration({ min: 60_000, max: 30 * dayMs })
    .optional()
    .describe('Says again what still fires and nobody acknowledged'),
}

/** The root of the tree: what counts where no route says otherwise. */
export const rootRouteSchema = z.strictObject(termsShape).describe('How alerts are grouped and who is told, unless a route says otherwise')

const routeSchema = z
  .strictObject({
    under: configName().optional().describe('The route that this one refines; the default is the root'),
    match: z
      .record(z.string().min(1).max(128), z.union([pattern().transform((one) => [one]), z.array(pattern()).min(1).max(64)]))
      .optional()
      .describe('host, rule, or any label; * stands for anything, a leading ! excludes'),
    severity: z
      .array(z.enum(['info', 'warning', 'critical']))
      .min(1)
      .max(3)
      .optional()
      .describe('Only these'),
    continue: z.boolean().default(false).describe('Also try the routes after this one'),
    ...termsShape,
  })
  .describe('Alerts that match go this way. Tried in the order in which they are written; the first that matches wins')

export const routesSchema = z
  .record(configName(), routeSchema)
  .refine((routes) => Object.keys(routes).length <= 500, 'too many; the most is 500')
  .superRefine((routes, context) => {
    for (const [name, { under }] of Object.entries(routes)) {
      if (under === undefined) continue
      if (routes[under] === undefined) context.addIssue({ code: 'custom', path: [name, 'under'], message: `there is no route ${under}` })
      else if (isCycle(routes, name))
        context.addIssue({ code: 'custom', path: [name, 'under'], message: 'leads back to this route; a route cannot refine itself' })
    }
  })

export type RootRouteConfig = z.infer<typeof rootRouteSchema>
export type RouteConfig = z.infer<typeof routeSchema>
export type RoutesConfig = z.infer<typeof routesSchema>

function isCycle(routes: Readonly<Record<string, { under?: string | undefined }>>, name: string): boolean {
  const seen = new Set<string>()
  for (let at: string | undefined = name; at !== undefined; at = routes[at]?.under) {
    if (seen.has(at)) return true
    seen.add(at)
  }
  return false
}
