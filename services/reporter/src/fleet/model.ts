/**
 * What the console knows about the fleet: small entries, one per thing, keyed. They go to the browser as they are, so they are written
 * as on the wire (snake_case, ISO times, base SI units). Nothing here is stored: it is read from the bus again after a restart.
 */
export interface FileSystem {
  mount: string
  used_ratio: number | null
  size_bytes: number | null
  available_bytes: number | null
  inodes_used_ratio: number | null
  readonly: boolean
}

export interface Disk {
  device: string
  read_bytes_per_second: number | null
  written_bytes_per_second: number | null
  io_time_ratio: number | null
}

export interface Nic {
  nic: string
  receive_bytes_per_second: number | null
  transmit_bytes_per_second: number | null
}

/** Last values of a host. A group that was never seen is null or empty. */
export interface Host {
  host: string
  /** When the bus last took a metric or a heartbeat of it; null when only transitions are known. */
  last_seen_time: string | null
  cpu: { usage_ratio: number | null; iowait_ratio: number | null; steal_ratio: number | null; cores: number | null } | null
  load: { load1: number | null; load5: number | null; load15: number | null; load1_per_core: number | null } | null
  mem: { used_ratio: number | null; total_bytes: number | null; available_bytes: number | null; swap_used_ratio: number | null } | null
  fs: FileSystem[]
  disk: Disk[]
  net: Nic[]
}

/** The last minutes of one ratio of a host, oldest first, one value per step; null where nothing was read. */
export interface Trend {
  host: string
  metric: 'cpu' | 'mem'
  step_seconds: number
  end_time: string
  values: (number | null)[]
}

export interface Check {
  host: string
  check: string
  kind: string
  state: 'ok' | 'failing' | 'unknown' | 'removed'
  /** When that state began, as far as known. */
  since_time: string
  /** Whether a transition said so (ops.health); otherwise the last result stands in for one. */
  confirmed: boolean
  last_ok: boolean | null
  last_time: string | null
  latency_seconds: number | null
  error: string | null
}

export interface Alert {
  fingerprint: string
  epoch: string
  rule: string
  host: string | null
  severity: 'info' | 'warning' | 'critical'
  state: 'pending' | 'firing' | 'acked' | 'flapping' | 'resolved'
  labels: Record<string, string>
  summary: string
  value: number | null
  threshold: number | null
  started_time: string
  changed_time: string
  reason: string | null
  runbook: string | null
}

export interface HealStep {
  phase: 'held' | 'diagnosing' | 'acting' | 'verifying' | 'recovered' | 'failed' | 'escalated'
  attempt: number
  time: string
  reason: string | null
}

export interface Heal {
  run: string
  host: string | null
  playbook: string
  target: string
  phase: HealStep['phase']
  attempt: number
  max_attempts: number
  started_time: string
  changed_time: string
  reason: string | null
  exit_code: number | null
  /** The end of the action's output. */
  output: string | null
  steps: HealStep[]
}

export interface Agent {
  host: string | null
  service: string
  instance: string
  version: string
  state: 'starting' | 'ready' | 'degraded' | 'standby' | 'stopping'
  reasons: string[]
  interval_seconds: number
  started_time: string
  last_seen_time: string
}

/** One line of the event feed. */
export interface FeedItem {
  id: string
  time: string
  kind: string
  host: string | null
  tone: 'ok' | 'info' | 'warning' | 'critical'
  text: string
  correlation_id: string
}

export interface EntryOf {
  host: Host
  trend: Trend
  check: Check
  alert: Alert
  heal: Heal
  agent: Agent
  event: FeedItem
}
export type EntryKind = keyof EntryOf
export const entryKinds = ['host', 'trend', 'check', 'alert', 'heal', 'agent', 'event'] as const satisfies readonly EntryKind[]

/** The whole state, by kind and id. Decisions read it; only Fleet writes it. */
export type FleetModel = { readonly [K in EntryKind]: ReadonlyMap<string, EntryOf[K]> }

/** What a decision changes: an entry takes the place of the one before, or, null, goes away. */
export type Change = {
  [K in EntryKind]: { kind: K; id: string; entry: EntryOf[K] | null }
}[EntryKind]

/** Text from outside, cut to what a screen can show. */
export function clip(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`
}
