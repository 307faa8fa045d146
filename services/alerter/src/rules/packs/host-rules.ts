import type { Pack } from './rule-input.ts'

/** Read-only images are full by nature. */
const realFileSystems = { fstype: ['!squashfs', '!iso9660', '!udf', '!erofs', '!cramfs'] }

/**
 * What is wrong with a machine. The thresholds of processor, memory, disk, graphics memory, processes and connections are the users' own; all
 * others are ours. Each `clear` is a little below, so that a value at the edge does not call twice.
 */
export const hostRules = {
  'cpu-high': { metric: 'cpu.usage_ratio', above: { warning: '85%' }, for: '5m', clear: '80%' },
  'memory-high': { metric: 'mem.used_ratio', above: { warning: '80%', critical: '90%' }, clear: '78%' },
  'disk-full': { metric: 'fs.used_ratio', above: { warning: '85%', critical: '95%' }, clear: '84%', where: realFileSystems },
  'disk-filling': {
    metric: 'fs.used_ratio',
    take: 'full_in',
    over: '3h',
    below: { warning: '24h', critical: '4h' },
    clear: '30h',
    for: '30m',
    where: realFileSystems,
  },
  'inodes-full': { metric: 'fs.inodes_used_ratio', above: { warning: '90%' }, clear: '89%', where: realFileSystems },
  'mount-stale': { metric: 'fs.stale', above: 0, for: '1m' },
  'gpu-memory-high': { metric: 'gpu.memory_used_ratio', above: { critical: '90%' }, clear: '88%' },
  'process-memory-high': {
    metric: 'proc.rss_bytes',
    per: 'mem.available_bytes',
    above: { warning: '80%' },
    clear: '75%',
    where: { kind: 'group' },
  },
  'container-memory-high': { metric: 'container.memory_used_ratio', above: { warning: '80%' }, clear: '75%' },
  'memory-pressure': { metric: 'psi.memory_full_avg60_ratio', above: { warning: '10%', critical: '30%' }, for: '2m', clear: '5%' },
  'io-pressure': { metric: 'psi.io_full_avg60_ratio', above: { warning: '50%' }, for: '10m', clear: '40%' },
  'oom-kill': { metric: 'vm.oom_kills_total', take: 'increase', over: '5m', above: 0 },
  'clock-ahead': { metric: 'clock.offset_seconds', above: { warning: '500ms', critical: '5s' }, for: '5m', clear: '300ms' },
  'clock-behind': { metric: 'clock.offset_seconds', below: { warning: -0.5, critical: -5 }, for: '5m', clear: -0.3 },
  'files-open-high': { metric: 'fd.used_ratio', above: { warning: '80%', critical: '95%' }, clear: '78%' },
  'conntrack-full': { metric: 'tcp.conntrack_used_ratio', above: { warning: '80%', critical: '95%' }, clear: '75%' },
  'connections-high': { metric: 'tcp.established', above: { warning: 1000, critical: 2000 }, clear: 950 },
} as const satisfies Pack
