import type { Group } from '../field.ts'

/** What the kernel tells beyond the basics: sockets, pressure, paging, processes, temperatures, the clock. */
export const kernelGroups = {
  tcp: { help: 'TCP connections and sockets', status: 'reserved', fields: {} },
  psi: { help: 'Pressure stall information', status: 'reserved', fields: {} },
  vm: { help: 'Paging and OOM kills', status: 'reserved', fields: {} },
  fd: { help: 'File descriptors', status: 'reserved', fields: {} },
  proc: { help: 'Processes: count, states, named groups and the largest', status: 'reserved', fields: {} },
  temp: { help: 'Temperatures', status: 'reserved', fields: {} },
  clock: { help: 'Offset of the clock', status: 'reserved', fields: {} },
} as const satisfies Record<string, Group>
