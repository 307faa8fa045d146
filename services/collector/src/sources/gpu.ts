import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { DrmCard, Slept } from '../gpu/drm-cards.ts'
import type { NvidiaSmi } from '../gpu/nvidia-smi.ts'
import { capItems, unsupported, type Item, type SourceDefinition } from './source.ts'

/** Without a card nothing is asked for so long: drivers are loaded, and cards come, at the start or never. */
const searchEveryMs = 10 * 60_000

/** Graphics processors: NVIDIA's by its own program, which runs all the time; AMD's and Intel's by sysfs. */
export const gpuSource: SourceDefinition<'gpu'> = {
  group: 'gpu',
  open(host, config, { clock, log, everyMs }) {
    let nvidia: NvidiaSmi | undefined
    let cards: readonly DrmCard[] = []
    let slept = new Map<string, Slept>()
    let searchedMs: number | undefined
    let isClosed = false
    const search = async (): Promise<void> => {
      searchedMs = clock.monotonicMs()
      cards = await (await import('../gpu/drm-cards.ts')).findDrmCards(host.sys)
      const program = await findProgram(config.nvidia_smi)
      if (program === undefined) return
      const { NvidiaSmi } = await import('../gpu/nvidia-smi.ts')
      if (!isClosed) nvidia = new NvidiaSmi({ program, everyMs, clock, log })
    }
    return {
      async read(intervalSeconds) {
        const hasNone = nvidia === undefined && cards.length === 0
        if (hasNone && (searchedMs === undefined || clock.monotonicMs() - searchedMs >= searchEveryMs)) await search()
        if (nvidia === undefined && cards.length === 0) throw unsupported('this host has no graphics processor that can be asked')
        const items: Item[] = nvidia?.items() ?? []
        const remembered = new Map<string, Slept>()
        for (const card of cards) {
          const look = await (await import('../gpu/drm-cards.ts')).readDrmCard(card, slept.get(card.folder), intervalSeconds)
          items.push(look.item)
          if (look.slept !== undefined) remembered.set(card.folder, look.slept)
        }
        slept = remembered
        const { kept, overflow } = capItems(items)
        return { items: [...kept], overflow }
      },
      close() {
        isClosed = true
        nvidia?.close()
      },
    }
  },
}

async function findProgram(configured: string | undefined): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const candidates = configured === undefined ? folders.map((folder) => join(folder, 'nvidia-smi')) : [configured]
  for (const path of candidates) {
    const isProgram = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isProgram) return path
  }
  return undefined
}
