import { statfs } from 'node:fs/promises'
import { insideRoot } from '../procfs/host-paths.ts'
import { KeptFile } from '../procfs/kept-file.ts'
import { parseMounts, type Mount } from '../procfs/mounts.ts'
import { untilAnswered } from '../procfs/pending-requests.ts'
import { MountProbes, type Answer, type Usage } from '../mounts/mount-probes.ts'
import { selectMounts, serverOf } from '../mounts/mount-selection.ts'
import { ratio } from './rates.ts'
import { capItems, label, type Item, type SourceDefinition } from './source.ts'

/** One for the whole process: a mount that hangs holds its thread across a reload too, and the new source must not ask it again. */
const probes = new MountProbes(async (path) => toUsage(await untilAnswered(async () => await statfs(path))))

export const fsSource: SourceDefinition<'fs'> = {
  group: 'fs',
  open(host, config) {
    const file = new KeptFile(`${host.proc}/1/mounts`, `${host.proc}/self/mounts`)
    return {
      async read() {
        const { kept, overflow } = capItems(selectMounts(parseMounts(file.read().toString('utf8')), config))
        const questions = kept.map((mount) => ({ path: insideRoot(host, mount.mount), server: serverOf(mount) }))
        const answers = await probes.ask(questions)
        const items = kept.flatMap((mount, index) => fsItem(mount, answers.get(questions[index]?.path ?? '')))
        return { items, overflow, unreadable: items.filter((item) => item['size_bytes'] === null).length }
      },
      close: () => file.close(),
    }
  },
}

/** One mount as an item; none when it has no blocks at all, which is what pseudo file systems answer. */
export function fsItem(mount: Mount, answer: Answer | undefined): Item[] {
  const usage = answer?.kind === 'usage' ? answer.usage : undefined
  if (usage?.sizeBytes === 0) return []
  const usedBytes = usage === undefined ? null : usage.sizeBytes - usage.freeBytes
  return [
    {
      mount: label(mount.mount),
      device: label(mount.device),
      fstype: label(mount.fstype),
      size_bytes: usage?.sizeBytes ?? null,
      used_bytes: usedBytes,
      available_bytes: usage?.availableBytes ?? null,
      used_ratio: usage === undefined || usedBytes === null ? null : ratio(usedBytes, usedBytes + usage.availableBytes),
      ...(usage?.inodes === 0
        ? {}
        : { inodes_used_ratio: usage === undefined ? null : ratio(usage.inodes - usage.inodesFree, usage.inodes) }),
      readonly: mount.readonly ? 1 : 0,
      stale: answer === undefined ? 1 : 0,
    },
  ]
}

function toUsage(answer: {
  bsize: number
  frsize?: number
  blocks: number
  bfree: number
  bavail: number
  files: number
  ffree: number
}): Usage {
  // Blocks are counted in fragments. Older releases of Node do not tell their size; on few file systems it differs from bsize.
  const blockBytes = answer.frsize ?? answer.bsize
  return {
    sizeBytes: answer.blocks * blockBytes,
    freeBytes: answer.bfree * blockBytes,
    availableBytes: answer.bavail * blockBytes,
    inodes: answer.files,
    inodesFree: answer.ffree,
  }
}
