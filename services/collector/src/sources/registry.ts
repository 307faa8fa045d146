import { cpuSource } from './cpu.ts'
import { diskSource } from './disk.ts'
import { fsSource } from './fs.ts'
import { loadSource } from './load.ts'
import { memSource } from './mem.ts'
import { netSource } from './net.ts'
import type { CollectedGroup, SourceDefinition } from './source.ts'

/** Every group by its source. To add one: copy a file, add a line here, its fields to the catalogue, its options to config.ts. */
export type SourceRegistry = { readonly [G in CollectedGroup]: SourceDefinition<G> }

const linuxSources: SourceRegistry = {
  cpu: cpuSource,
  load: loadSource,
  mem: memSource,
  fs: fsSource,
  disk: diskSource,
  net: netSource,
}

/** On Linux the files of /proc; elsewhere systeminformation, which costs far more and starts programs. */
export async function sourcesFor(platform: NodeJS.Platform): Promise<SourceRegistry> {
  if (platform === 'linux') return linuxSources
  const { systemInformationSources } = await import('../system-information/sources.ts')
  return systemInformationSources
}
