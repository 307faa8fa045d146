import type { SourceRegistry } from './source.ts'

/** To add one: copy a file, add a line here, its fields to the catalogue, its options to config/. */
const linuxSources: SourceRegistry = {
  cpu: async () => (await import('./cpu.ts')).cpuSource,
  load: async () => (await import('./load.ts')).loadSource,
  mem: async () => (await import('./mem.ts')).memSource,
  fs: async () => (await import('./fs.ts')).fsSource,
  disk: async () => (await import('./disk.ts')).diskSource,
  net: async () => (await import('./net.ts')).netSource,
  cpu_core: async () => (await import('./cpu-core.ts')).cpuCoreSource,
  tcp: async () => (await import('./tcp.ts')).tcpSource,
  psi: async () => (await import('./psi.ts')).psiSource,
  vm: async () => (await import('./vm.ts')).vmSource,
  fd: async () => (await import('./fd.ts')).fdSource,
  proc: async () => (await import('./proc.ts')).procSource,
  temp: async () => (await import('./temp.ts')).tempSource,
  clock: async () => (await import('./clock.ts')).clockSource,
  container: async () => (await import('./container.ts')).containerSource,
  gpu: async () => (await import('./gpu.ts')).gpuSource,
  dir: async () => (await import('./dir.ts')).dirSource,
  inventory: async () => (await import('./inventory.ts')).inventorySource,
  postgres: async () => (await import('./postgres.ts')).postgresSource,
  mysql: async () => (await import('./mysql.ts')).mysqlSource,
  redis: async () => (await import('./redis.ts')).redisSource,
  nats: async () => (await import('./nats.ts')).natsSource,
}

/** On Linux the files of /proc; elsewhere systeminformation, which costs far more and starts programs. */
export async function sourcesFor(platform: NodeJS.Platform): Promise<SourceRegistry> {
  if (platform === 'linux') return linuxSources
  const { systemInformationSources } = await import('../system-information/sources.ts')
  return systemInformationSources
}
