/** A fleet that exists only here: every host tells of four groups with five fields each, every ten seconds. */
export const tickMs = 10_000

export const groups = {
  cpu: ['usage_ratio', 'user_ratio', 'system_ratio', 'iowait_ratio', 'steal_ratio'],
  load: ['load1', 'load5', 'load15', 'load1_per_core', 'uptime_seconds'],
  mem: ['total_bytes', 'available_bytes', 'used_bytes', 'used_ratio', 'free_bytes'],
  tcp: ['established', 'inuse', 'inuse6', 'orphan', 'time_wait'],
} as const satisfies Record<string, readonly string[]>

export type GroupOfFleet = keyof typeof groups

export const groupNames = Object.keys(groups) as GroupOfFleet[]

/** Over every threshold of the rules below. */
export const breach = 1e15

export function hostName(number: number): string {
  return `fleet-${number}`
}

/** Fifty rules that all of the fleet keeps: two or three for each field. */
export const thresholds: readonly { group: GroupOfFleet; field: string; above: number }[] = groupNames
  .flatMap((group) => groups[group].map((field) => ({ group, field })))
  .flatMap((each, index) => Array.from({ length: index < 10 ? 3 : 2 }, (_, level) => ({ ...each, above: (level + 1) * 1e12 })))
