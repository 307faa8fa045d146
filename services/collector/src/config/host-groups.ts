import { z } from 'zod'
import { excluded, groupShape, plainGroup } from './group-shape.ts'

/** Options of the groups that every host has. */
export const hostGroupShapes = {
  cpu: plainGroup(),
  load: plainGroup(),
  mem: plainGroup(),
  fs: z
    .strictObject({
      ...groupShape,
      network_mounts: z.boolean().default(false).describe('Also NFS, SMB and the like; one that hangs is reported as stale'),
      exclude: excluded('Mount points to leave out; * stands for anything', []),
    })
    .prefault({}),
  disk: z.strictObject({ ...groupShape, exclude: excluded('Devices to leave out; * stands for anything', []) }).prefault({}),
  net: z
    .strictObject({
      ...groupShape,
      exclude: excluded('Interfaces to leave out; * stands for anything', ['veth*', 'cali*', 'lxc*', 'ifb*', 'dummy*']),
    })
    .prefault({}),
}
