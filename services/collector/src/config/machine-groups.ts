import { z } from 'zod'
import { cadence } from './cadence.ts'
import { excluded, groupShape } from './group-shape.ts'

const absolutePath = () => z.string().regex(/^\//, 'must be an absolute path').max(4096)

/** Options of the groups about containers, graphics processors, directories and the inventory. */
export const machineGroupShapes = {
  container: z
    .strictObject({
      ...groupShape,
      sockets: z
        .array(absolutePath())
        .max(16)
        .default(['/run/docker.sock', '/run/podman/podman.sock'])
        .describe('Sockets of Docker and Podman daemons, as the host names them; those that are not there are left out'),
      services: z.boolean().default(false).describe('Also the services of systemd, each as an item'),
      exclude: excluded('Names of containers to leave out; * stands for anything', []),
    })
    .prefault({}),
  gpu: z
    .strictObject({
      ...groupShape,
      nvidia_smi: absolutePath().optional().describe("NVIDIA's program; by default the first nvidia-smi on PATH"),
    })
    .prefault({}),
  dir: z
    .strictObject({
      enabled: groupShape.enabled,
      every: cadence().prefault('5m').describe('How often they are walked through; one walk at a time'),
      paths: z.array(absolutePath()).max(64).default([]).describe('Directories to measure, as the host names them'),
      max_entries: z.int().min(1).max(10_000_000).default(1_000_000).describe('Entries of one directory tree that are looked at'),
      max_depth: z.int().min(1).max(256).default(64).describe('How deep a walk goes'),
    })
    .prefault({}),
  inventory: z
    .strictObject({ enabled: groupShape.enabled, every: cadence().prefault('1h').describe('How often the inventory is taken') })
    .prefault({}),
}
