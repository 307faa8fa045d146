import type { AlertEvent } from '@nightshift/shared/events/alert'
import { matchesAny } from '../rules/glob.ts'
import type { RootRouteConfig, RouteConfig, RoutesConfig } from './route-config.ts'

/** How alerts that come this way are grouped and who hears of them. */
export interface Route {
  /** Name in the configuration, stable over edits of what it matches; `root` for the root. */
  readonly id: string
  /** null: by severity, see channels-for.ts. */
  readonly channels: readonly string[] | null
  readonly groupBy: readonly string[]
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
  readonly repeatMs: number
  /** Name of the ladder, which the configuration need not have. */
  readonly escalation: string
}

interface Node {
  readonly route: Route
  readonly continues: boolean
  readonly children: readonly Node[]
  matches(event: AlertEvent): boolean
}

export interface RouteTree {
  /** The ways of an alert; never empty. */
  routesFor(event: AlertEvent): readonly Route[]
  /** The root, which takes everything. */
  readonly fallback: Route
  /** undefined when the configuration has it no more. */
  find(id: string): Route | undefined
  /** Why it goes where it goes: one line per route that was tried. */
  explain(event: AlertEvent): readonly string[]
}

const rootId = 'root'
const defaults: Omit<Route, 'id'> = {
  channels: null,
  groupBy: ['host', 'rule'],
  groupWaitMs: 0,
  groupIntervalMs: 10_000,
  repeatMs: 4 * 3_600_000,
  escalation: 'default',
}

/** Compiles the tree. `under` of every route names another one: the schema has seen to it. */
export function compileRoutes(root: RootRouteConfig, routes: RoutesConfig): RouteTree {
  const byParent = Map.groupBy(Object.entries(routes), ([, route]) => route.under ?? rootId)
  const byId = new Map<string, Route>()
  const build = (id: string, parent: Omit<Route, 'id'>, config: RootRouteConfig & Partial<RouteConfig>): Node => {
    const route: Route = inherit(id, parent, config)
    byId.set(id, route)
    const children = (byParent.get(id) ?? []).map(([name, child]) => build(name, route, child))
    return { route, continues: config.continue === true, children, matches: matcherOf(config) }
  }
  const tree = build(rootId, defaults, root)
  return {
    routesFor: (event) => walk(tree, event, () => undefined),
    fallback: tree.route,
    find: (id) => byId.get(id),
    explain: (event) => {
      const lines: string[] = []
      walk(tree, event, (line) => lines.push(line))
      return lines
    },
  }
}

/** Depth first; the first child that matches wins unless it says `continue`. A node of which no child matches is the way itself. */
function walk(node: Node, event: AlertEvent, say: (line: string) => void): Route[] {
  const found: Route[] = []
  for (const child of node.children) {
    const isMatch = child.matches(event)
    say(`${child.route.id}: ${isMatch ? 'matches' : 'does not match'}`)
    if (!isMatch) continue
    found.push(...walk(child, event, say))
    if (!child.continues) return found
  }
  if (found.length > 0) return found
  say(`goes by ${node.route.id}`)
  return [node.route]
}

function inherit(id: string, parent: Omit<Route, 'id'>, config: RootRouteConfig): Route {
  return {
    id,
    channels: config.channels ?? parent.channels,
    groupBy: config.group_by ?? parent.groupBy,
    groupWaitMs: config.group_wait ?? parent.groupWaitMs,
    groupIntervalMs: config.group_interval ?? parent.groupIntervalMs,
    repeatMs: config.repeat_interval ?? parent.repeatMs,
    escalation: config.escalation ?? parent.escalation,
  }
}

function matcherOf({ match, severity }: Partial<RouteConfig>): (event: AlertEvent) => boolean {
  const wanted = Object.entries(match ?? {})
  return (event) =>
    (severity === undefined || severity.includes(event.severity)) &&
    wanted.every(([name, patterns]) => matchesAny(patterns, labelOf(event, name)))
}

/** The value of a label as routes and silences see it: host, rule, severity and alert (its fingerprint), or one of its own. */
export function labelOf(event: Pick<AlertEvent, 'host' | 'rule' | 'severity' | 'fingerprint' | 'labels'>, name: string): string {
  switch (name) {
    case 'host':
      return event.host ?? ''
    case 'rule':
      return event.rule
    case 'severity':
      return event.severity
    case 'alert':
      return event.fingerprint
    // As Prometheus and its tools call the rule.
    case 'alertname':
      return event.labels[name] ?? event.rule
    default:
      return event.labels[name] ?? ''
  }
}
