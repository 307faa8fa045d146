import { counter, gauge, type Group } from '../field.ts'

/** What every host has: processors, memory, file systems, disks, interfaces. */
export const hostGroups = {
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
} as const satisfies Record<string, Group>
