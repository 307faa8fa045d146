import type { Group } from '../field.ts'

/** What runs on or is plugged into the machine: containers, graphics processors, directories, the inventory. */
export const machineGroups = {
  gpu: { help: 'Graphics processors', status: 'reserved', fields: {} },
  container: { help: 'Containers and control groups', status: 'reserved', fields: {} },
  dir: { help: 'Sizes of directories', status: 'reserved', fields: {} },
  inventory: { help: 'Hardware and software of the host', status: 'reserved', fields: {} },
} as const satisfies Record<string, Group>
