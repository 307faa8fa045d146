import { counter, gauge, type Group } from '../field.ts'

/** What runs on or is plugged into the machine: containers, graphics processors, directories, the inventory. */
export const machineGroups = {
  gpu: {
    help: 'Graphics processors; absent where there are none',
    fields: {},
    items: {
      labels: ['index', 'vendor', 'name', 'bus'],
      fields: {
        usage_ratio: gauge('Share of the time in which it computed'),
        memory_total_bytes: gauge('Memory of its own'),
        memory_used_bytes: gauge('Memory in use'),
        memory_used_ratio: gauge('used divided by total'),
        temperature_celsius: gauge('Temperature of the processor'),
        power_watts: gauge('Power drawn'),
        power_limit_watts: gauge('Power it may draw'),
        fan_ratio: gauge('Speed of the fan, of its largest'),
        clock_hertz: gauge('Clock of the processor'),
        ecc_errors_total: counter('Memory errors that could not be corrected, since the driver was loaded'),
      },
    },
  },
  container: {
    help: 'Containers by their control groups and runtimes',
    fields: {
      count: gauge('Containers that are known, running or not'),
      stopped: gauge('Containers that are known and do not run'),
      runtimes: gauge('Docker and Podman daemons whose socket is there'),
      runtimes_silent: gauge('Those of them that do not answer'),
    },
    items: {
      labels: ['name', 'runtime', 'image', 'namespace', 'pod'],
      fields: {
        running: gauge('1 while it runs, 0 when it exited, was created only, or waits to be started again'),
        healthy: gauge('1 healthy, 0 unhealthy, null while its first health check runs; absent when it has none'),
        exit_code: gauge('Exit code of a container that does not run'),
        uptime_seconds: gauge('Since it was started'),
        restarts_total: counter('Restarts: as the runtime counts them, and each further start that was seen'),
        oom_kills_total: counter('Processes killed, or runs ended, for want of memory'),
        cpu_seconds_total: counter('Processor time'),
        cpu_seconds_per_second: gauge('Processor time per second over the interval: 1 is one processor'),
        cpu_limit_cores: gauge('Processors it may use; absent without a limit'),
        cpu_used_ratio: gauge('Processor time divided by its limit; absent without a limit'),
        cpu_throttled_seconds_total: counter('Time in which it was held back by its processor limit; absent without a limit'),
        cpu_throttled_ratio: gauge('Share of the periods of the interval in which it was held back; absent without a limit'),
        memory_used_bytes: gauge('Memory in use, without page cache that was not used lately'),
        memory_limit_bytes: gauge('Memory it may use; absent without a limit'),
        memory_used_ratio: gauge('used divided by limit; absent without a limit'),
        pids: gauge('Processes and threads'),
        pids_limit: gauge('Processes and threads it may have; absent without a limit'),
        pids_used_ratio: gauge('pids divided by its limit; absent without a limit'),
        read_bytes_total: counter('Bytes read from block devices'),
        written_bytes_total: counter('Bytes written to block devices; with control groups v1 without what the page cache writes later'),
        read_bytes_per_second: gauge('Bytes read per second over the interval'),
        written_bytes_per_second: gauge('Bytes written per second over the interval'),
      },
    },
  },
  dir: {
    help: 'Sizes of the directories of the config, by the last walk that ended',
    fields: {},
    items: {
      labels: ['path'],
      fields: {
        size_bytes: gauge('Space on the disk; a file with several names counts once'),
        apparent_bytes: gauge('Sum of the lengths of the files'),
        files: gauge('Files, links and other entries that are no directories'),
        directories: gauge('Directories below it'),
        unreadable: gauge('Entries that could not be read'),
        newest_age_seconds: gauge('Since the file that was changed last was changed'),
        oldest_age_seconds: gauge('Since the file that was changed longest ago was changed'),
        truncated: gauge('1 when there was more than the walk may look at: everything else is a lower bound then'),
        walk_seconds: gauge('What the walk took'),
        walk_age_seconds: gauge('Since the walk ended'),
      },
    },
  },
  inventory: {
    help: 'Hardware and software of the host',
    fields: {
      memory_bytes: gauge('Memory that is built in'),
      cpu_cores: gauge('Processors, as the kernel counts them'),
      cpu_sockets: gauge('Processor packages'),
      boot_age_seconds: gauge('Since the host was started'),
      updates: gauge('Packages that can be updated; null where the package manager does not tell'),
      security_updates: gauge('Packages that wait for a security update; null where the package manager does not tell'),
      updates_age_seconds: gauge('Since the package lists were fetched'),
      reboot_required: gauge('1 when an update asks for a reboot; absent where nothing tells'),
    },
    items: {
      labels: ['kind', 'name', 'value'],
      fields: {
        present: gauge('1: the facts are in the labels'),
        size_bytes: gauge('Size of a disk or memory module'),
      },
    },
  },
} as const satisfies Record<string, Group>
