import { counter, gauge, type Field, type Group } from '../field.ts'

/** What grew since boot, and by how much per second over the interval. */
function grown<N extends string>(name: N, help: string): Record<`${N}_total` | `${N}_per_second`, Field> {
  return {
    [`${name}_total`]: counter(`${help}, since boot`),
    [`${name}_per_second`]: gauge(`${help}, per second over the interval`),
  } as Record<`${N}_total` | `${N}_per_second`, Field>
}

/** `some`: at least one task waited; `full`: all that could run did. */
function pressure<N extends string>(
  name: N,
  help: string,
): Record<`${N}_avg10_ratio` | `${N}_avg60_ratio` | `${N}_avg300_ratio` | `${N}_ratio` | `${N}_seconds_total`, Field> {
  return {
    [`${name}_avg10_ratio`]: gauge(`${help}: share of the last 10 seconds`),
    [`${name}_avg60_ratio`]: gauge(`${help}: share of the last minute`),
    [`${name}_avg300_ratio`]: gauge(`${help}: share of the last 5 minutes`),
    [`${name}_ratio`]: gauge(`${help}: share of the interval`),
    [`${name}_seconds_total`]: counter(`${help}: time since boot`),
  } as Record<`${N}_avg10_ratio` | `${N}_avg60_ratio` | `${N}_avg300_ratio` | `${N}_ratio` | `${N}_seconds_total`, Field>
}

/** What the kernel tells beyond the basics: single processors, sockets, pressure, paging, processes, temperatures, the clock. */
export const kernelGroups = {
  cpu_core: {
    help: 'Each processor: its share of busy time over the interval, and its seconds in each mode',
    fields: {},
    items: {
      labels: ['core'],
      fields: {
        usage_ratio: gauge('Everything but idle and iowait'),
        user_seconds_total: counter('User mode without nice, guests included'),
        nice_seconds_total: counter('User mode at low priority'),
        system_seconds_total: counter('Kernel mode without interrupts'),
        idle_seconds_total: counter('Idle, nothing pending'),
        iowait_seconds_total: counter('Idle while a disk request is pending'),
        irq_seconds_total: counter('Hardware interrupts'),
        softirq_seconds_total: counter('Software interrupts'),
        steal_seconds_total: counter('Taken by the hypervisor for other guests'),
      },
    },
  },
  tcp: {
    help: 'TCP connections, sockets, UDP errors and connection tracking; of IPv4 and IPv6 together unless a name ends in 6',
    fields: {
      established: gauge('Connections that are established or wait for the program to close'),
      inuse: gauge('TCP sockets in use, IPv4'),
      inuse6: gauge('TCP sockets in use, IPv6'),
      orphan: gauge('TCP sockets that belong to no program any more'),
      time_wait: gauge('TCP sockets that wait for late packets'),
      allocated: gauge('TCP sockets in any state'),
      memory_bytes: gauge('Memory of the buffers of TCP sockets'),
      udp_inuse: gauge('UDP sockets in use, IPv4'),
      udp_inuse6: gauge('UDP sockets in use, IPv6'),
      ...grown('active_opens', 'Connections opened by this host'),
      ...grown('passive_opens', 'Connections accepted'),
      ...grown('failed_opens', 'Connections that did not come about'),
      ...grown('resets', 'Established connections that were reset'),
      ...grown('sent_resets', 'Resets sent'),
      ...grown('received_segments', 'Segments received'),
      ...grown('sent_segments', 'Segments sent, those sent again not included'),
      ...grown('retransmits', 'Segments sent again'),
      ...grown('receive_errors', 'Segments received in error'),
      ...grown('listen_overflows', 'Connections refused because a program accepts too slowly'),
      ...grown('listen_drops', 'Connection requests dropped for any reason, overflows included'),
      ...grown('udp_errors', 'Datagrams that could not be delivered, full buffers included'),
      ...grown('udp_receive_buffer_errors', 'Datagrams dropped because a program reads too slowly'),
      ...grown('udp_send_buffer_errors', 'Datagrams that could not be sent for want of buffers'),
      retransmit_ratio: gauge('Segments sent again, by all segments sent over the interval; null when none was'),
      conntrack_entries: gauge('Connections that the firewall keeps track of; absent where it does not'),
      conntrack_max: gauge('How many it can keep track of'),
      conntrack_used_ratio: gauge('entries divided by max'),
    },
  },
  psi: {
    help: 'Pressure stall information: time in which work waited for a resource',
    fields: {
      ...pressure('cpu_some', 'Some tasks waited for a processor'),
      ...pressure('memory_some', 'Some tasks waited for memory'),
      ...pressure('memory_full', 'All tasks waited for memory'),
      ...pressure('io_some', 'Some tasks waited for a disk'),
      ...pressure('io_full', 'All tasks waited for a disk'),
      ...pressure('irq_full', 'All tasks of a processor waited for interrupts; absent before kernel 6.1'),
    },
  },
  vm: {
    help: 'Paging, swapping, OOM kills, context switches and interrupts, as vmstat(8) has them',
    fields: {
      ...grown('page_faults', 'Page faults'),
      ...grown('major_page_faults', 'Page faults that had to read from a disk'),
      ...grown('page_in_bytes', 'Bytes paged in from disks'),
      ...grown('page_out_bytes', 'Bytes paged out to disks'),
      ...grown('swap_in_bytes', 'Bytes swapped in'),
      ...grown('swap_out_bytes', 'Bytes swapped out'),
      ...grown('oom_kills', 'Processes killed for want of memory; absent before kernel 4.13'),
      ...grown('direct_reclaims', 'Times a program had to wait while memory was freed for it'),
      ...grown('context_switches', 'Context switches'),
      ...grown('interrupts', 'Interrupts served'),
      dirty_bytes: gauge('Memory that waits to be written to disks'),
      writeback_bytes: gauge('Memory that is being written to disks'),
    },
  },
  fd: {
    help: 'File descriptors of the whole host',
    fields: {
      allocated: gauge('Open files'),
      max: gauge('Open files that the kernel allows (fs.file-max)'),
      used_ratio: gauge('allocated divided by max'),
    },
  },
  proc: {
    help: 'Processes: count, states; the largest programs, and groups named in the config',
    fields: {
      count: gauge('Processes'),
      running: gauge('That run or are ready to'),
      sleeping: gauge('That wait for something'),
      disk_sleep: gauge('That wait for a disk and cannot be interrupted (D)'),
      stopped: gauge('That were stopped, or are traced'),
      zombie: gauge('That ended but whose parent has not taken notice'),
      idle: gauge('Threads of the kernel without work'),
      threads: gauge('Threads of all processes'),
      ...grown('forks', 'Processes and threads started'),
      max: gauge('Processes and threads that the kernel allows (kernel.pid_max)'),
      used_ratio: gauge('threads divided by max'),
    },
    items: {
      labels: ['kind', 'name'],
      fields: {
        processes: gauge('Processes of this program or group'),
        cpu_ratio: gauge('Processor time over the interval, by that of all processors: 1 is the whole machine'),
        rss_bytes: gauge('Memory in RAM; what several share is counted for each'),
        thread_count: gauge('Threads of these processes'),
        pid: gauge('The process among them that used most processor time, then memory'),
        fds: gauge('Open file descriptors; null when any of them may not be read. Only of groups'),
        read_bytes_per_second: gauge('Bytes read from disks per second; null when it may not be read. Only of groups'),
        written_bytes_per_second: gauge('Bytes written to disks per second; null when it may not be read. Only of groups'),
        oldest_seconds: gauge('Age of the oldest process. Only of groups'),
        newest_seconds: gauge('Age of the youngest process: small after a restart. Only of groups'),
      },
    },
  },
  temp: {
    help: 'Temperatures',
    fields: {},
    items: {
      labels: ['chip', 'sensor'],
      fields: {
        temperature_celsius: gauge('What the sensor measures'),
        high_celsius: gauge('Above this it is too warm, says the hardware; absent where it does not'),
        critical_celsius: gauge('Above this it is damaged or switched off; absent where unknown'),
      },
    },
  },
  clock: {
    help: 'How far the clock of this host is off that of time servers',
    fields: {
      synchronized: gauge('1 while systemd-timesyncd says that it keeps the clock; absent without it'),
    },
    items: {
      labels: ['server'],
      fields: {
        offset_seconds: gauge("This clock minus the server's: positive when it is ahead. Good to a millisecond or half the round trip"),
        round_trip_seconds: gauge('Question to answer'),
        stratum: gauge('Steps between the server and a reference clock'),
      },
    },
  },
} as const satisfies Record<string, Group>
