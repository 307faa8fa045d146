/**
 * Every metric group that goes on the bus: its fields, their units, and what tells its items apart. Event schemas, docs/metrics.md,
 * Prometheus names and the validation of rules all come from this one table. It loads nothing, so the collector can use it.
 */
export type FieldKind = 'gauge' | 'counter'

export interface Field {
  readonly kind: FieldKind
  readonly help: string
}

export interface Group {
  readonly help: string
  /** `reserved`: the names are fixed, but this version does not collect them yet. */
  readonly status: 'collected' | 'reserved'
  /** Scalars of the host, in `fields`. */
  readonly fields: Readonly<Record<string, Field>>
  /** Things of a kind, in `items`: what labels them, and their fields. */
  readonly items?: { readonly labels: readonly string[]; readonly fields: Readonly<Record<string, Field>> }
}

const gauge = (help: string): Field => ({ kind: 'gauge', help })
const counter = (help: string): Field => ({ kind: 'counter', help })

export const catalogue = {
  cpu: {
    help: 'Share of processor time over the last interval, all cores together',
    status: 'collected',
    fields: {
      usage_ratio: gauge('Everything but idle and iowait'),
      user_ratio: gauge('User mode, nice included'),
      system_ratio: gauge('Kernel mode, interrupts included'),
      iowait_ratio: gauge('Idle while a disk request is pending'),
      steal_ratio: gauge('Taken by the hypervisor for other guests'),
      idle_ratio: gauge('Idle, nothing pending'),
      cores: gauge('Processors that are online'),
    },
  },
  load: {
    help: 'Load average: tasks that run or wait for a processor or disk',
    status: 'collected',
    fields: {
      load1: gauge('Average over 1 minute'),
      load5: gauge('Average over 5 minutes'),
      load15: gauge('Average over 15 minutes'),
      load1_per_core: gauge('load1 divided by the number of cores'),
    },
  },
  mem: {
    help: 'Memory and swap',
    status: 'collected',
    fields: {
      total_bytes: gauge('Memory the kernel can use'),
      available_bytes: gauge('What new work can get without swapping'),
      used_bytes: gauge('total minus available'),
      used_ratio: gauge('used divided by total'),
      swap_total_bytes: gauge('Swap space'),
      swap_used_bytes: gauge('Swap space in use'),
      swap_used_ratio: gauge('Swap used divided by swap total; 0 without swap'),
    },
  },
  fs: {
    help: 'Mounted file systems',
    status: 'collected',
    fields: {},
    items: {
      labels: ['mount', 'device', 'fstype'],
      fields: {
        size_bytes: gauge('Size of the file system'),
        used_bytes: gauge('Size minus free'),
        available_bytes: gauge('Free for a user who is not root'),
        used_ratio: gauge('used divided by used plus available, as df prints it'),
        inodes_used_ratio: gauge('Inodes in use; absent where the file system has none'),
        readonly: gauge('1 when mounted read-only'),
        stale: gauge('1 while the file system does not answer; its sizes are null then'),
      },
    },
  },
  disk: {
    help: 'Block devices',
    status: 'collected',
    fields: {},
    items: {
      labels: ['device'],
      fields: {
        read_bytes_total: counter('Bytes read since boot'),
        written_bytes_total: counter('Bytes written since boot'),
        read_ops_total: counter('Reads completed since boot'),
        write_ops_total: counter('Writes completed since boot'),
        read_bytes_per_second: gauge('Bytes read per second over the interval'),
        written_bytes_per_second: gauge('Bytes written per second over the interval'),
        read_ops_per_second: gauge('Reads per second over the interval'),
        write_ops_per_second: gauge('Writes per second over the interval'),
        io_time_ratio: gauge('Share of the interval with a request in flight'),
      },
    },
  },
  net: {
    help: 'Network interfaces',
    status: 'collected',
    fields: {},
    items: {
      labels: ['nic'],
      fields: {
        receive_bytes_total: counter('Bytes received since boot'),
        transmit_bytes_total: counter('Bytes sent since boot'),
        receive_packets_total: counter('Packets received since boot'),
        transmit_packets_total: counter('Packets sent since boot'),
        receive_errors_total: counter('Packets received in error'),
        transmit_errors_total: counter('Packets that could not be sent'),
        receive_drops_total: counter('Packets dropped on receipt'),
        transmit_drops_total: counter('Packets dropped before sending'),
        receive_bytes_per_second: gauge('Bytes received per second over the interval'),
        transmit_bytes_per_second: gauge('Bytes sent per second over the interval'),
      },
    },
  },
  tcp: { help: 'TCP connections and sockets', status: 'reserved', fields: {} },
  psi: { help: 'Pressure stall information', status: 'reserved', fields: {} },
  vm: { help: 'Paging and OOM kills', status: 'reserved', fields: {} },
  fd: { help: 'File descriptors', status: 'reserved', fields: {} },
  proc: { help: 'Processes: count, states, named groups and the largest', status: 'reserved', fields: {} },
  temp: { help: 'Temperatures', status: 'reserved', fields: {} },
  gpu: { help: 'Graphics processors', status: 'reserved', fields: {} },
  container: { help: 'Containers and control groups', status: 'reserved', fields: {} },
  dir: { help: 'Sizes of directories', status: 'reserved', fields: {} },
  nats: { help: 'The NATS server itself', status: 'reserved', fields: {} },
  clock: { help: 'Offset of the clock', status: 'reserved', fields: {} },
  inventory: { help: 'Hardware and software of the host', status: 'reserved', fields: {} },
  postgres: { help: 'PostgreSQL', status: 'reserved', fields: {} },
  mysql: { help: 'MySQL and MariaDB', status: 'reserved', fields: {} },
  redis: { help: 'Redis', status: 'reserved', fields: {} },
} as const satisfies Record<string, Group>

export type GroupName = keyof typeof catalogue

/** The catalogue entry of a group, or undefined for `app_<job>`, `log_<source>` and anything unknown. */
export function findGroup(name: string): Group | undefined {
  return Object.hasOwn(catalogue, name) ? catalogue[name as GroupName] : undefined
}

/** Groups named after a configured job or source; their fields are the user's own. */
export function isOpenGroup(name: string): boolean {
  return /^(?:app|log)_[a-z0-9-]{1,63}$/.test(name)
}

export interface Metric extends Field {
  readonly group: string
  readonly field: string
  /** Labels that tell its series apart, besides host. */
  readonly labels: readonly string[]
  /** `nightshift_cpu_usage_ratio` */
  readonly prometheusName: string
}

/** Every metric of the catalogue, in order. Rules name one as `<group>.<field>`. */
export function listMetrics(): Metric[] {
  return Object.entries(catalogue as Record<string, Group>).flatMap(([group, entry]) => [
    ...toMetrics(group, entry.fields, []),
    ...toMetrics(group, entry.items?.fields ?? {}, entry.items?.labels ?? []),
  ])
}

/** The metric that a rule calls `<group>.<field>`, or undefined. */
export function findMetric(name: string): Metric | undefined {
  return listMetrics().find((metric) => `${metric.group}.${metric.field}` === name)
}

function toMetrics(group: string, fields: Readonly<Record<string, Field>>, labels: readonly string[]): Metric[] {
  return Object.entries(fields).map(([field, entry]) => ({ ...entry, group, field, labels, prometheusName: prometheusName(group, field) }))
}

/** The name of a metric in Prometheus and Grafana. */
export function prometheusName(group: string, field: string): string {
  return `nightshift_${group}_${field}`.replaceAll('-', '_')
}
