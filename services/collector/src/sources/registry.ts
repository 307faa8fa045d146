import type { CollectedGroup, SourceDefinition } from './source.ts'

/** Every group by its source, loaded when the group is on; a group without one cannot be had on this platform. */
export type SourceRegistry = { readonly [G in CollectedGroup]?: () => Promise<SourceDefinition<G>> }

/** To add one: copy a file, add a line here, its fields to the catalogue, its options to config/. */
const linuxSources: SourceRegistry = {
  cpu: async () => (await import('./cpu.ts')).cpuSource,
  load: async () => (await import('./load.ts')).loadSource,
  mem: async () => (await import('./mem.ts')).memSource,
  fs: async () => (await import('./fs.ts')).fsSource,
  disk: async () => (await import('./disk.ts')).diskSource,
  net: async () => (await import('./net.ts')).netSource,
}

/** On Linux the files of /proc; elsewhere systeminformation, which costs far more and starts programs. */
export async function sourcesFor(platform: NodeJS.Platform): Promise<SourceRegistry> {
  if (platform === 'linux') return linuxSources
  const { systemInformationSources } = await import('../system-information/sources.ts')
  return systemInformationSources
}
