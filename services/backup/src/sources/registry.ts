import type { SourceConfigOf } from '../config/source-config.ts'
import type { Loader, LoaderContext } from './loader.ts'
import type { Source, SourceKind } from './source.ts'

interface SourceModule<K extends SourceKind> {
  source(config: SourceConfigOf<K>): Promise<Source>
  /** Brings it back; undefined: what is restored is files, and no more has to be done. */
  loader?(config: SourceConfigOf<K>, context: LoaderContext): Promise<Loader | undefined>
}

/** Every kind of source, loaded when a job first names it. To add one: copy command.ts, add its schema and one line here. */
const kinds: { readonly [K in SourceKind]: SourceModule<K> } = {
  directory: { source: async (config) => (await import('./directory/directory.ts')).directorySource(config) },
  sqlite: {
    source: async (config) => (await import('./sqlite/source.ts')).sqliteSource(config),
    loader: async (config, context) => (await import('./sqlite/loader.ts')).sqliteLoader(config, context),
  },
  postgres: {
    source: async (config) => (await import('./postgres/source.ts')).postgresSource(config),
    loader: async (config, context) => (await import('./postgres/loader.ts')).postgresLoader(config, context),
  },
  mysql: {
    source: async (config) => (await import('./mysql/source.ts')).mysqlSource(config),
    loader: async (config, context) => (await import('./mysql/loader.ts')).mysqlLoader(config, context),
  },
  redis: {
    source: async (config) => (await import('./redis/source.ts')).redisSource(config),
    loader: async (config, context) => (await import('./redis/loader.ts')).redisLoader(config, context),
  },
  command: { source: async (config) => (await import('./command.ts')).commandSource(config) },
  docker: {
    source: async (config) => (await import('./exec/docker.ts')).dockerSource(config),
    loader: async (config, context) => await presetLoader(config.preset, context),
  },
  kubernetes: {
    source: async (config) => (await import('./exec/kubernetes.ts')).kubernetesSource(config),
    loader: async (config, context) => await presetLoader(config.preset, context),
  },
  nats: {
    source: async (config) => (await import('./nats/source.ts')).natsSource(config),
    loader: async (config, context) => (await import('./nats/loader.ts')).natsLoader(config, context),
  },
}

/** The source that a job names. */
export async function createSource<K extends SourceKind>(config: SourceConfigOf<K> & { kind: K }): Promise<Source> {
  const module: SourceModule<K> = kinds[config.kind]
  return await module.source(config)
}

/** What brings the dumps of a source back; undefined where what is restored is files. */
export async function createLoader<K extends SourceKind>(
  config: SourceConfigOf<K> & { kind: K },
  context: LoaderContext,
): Promise<Loader | undefined> {
  const module: SourceModule<K> = kinds[config.kind]
  return await module.loader?.(config, context)
}

/** A dump taken inside a container has the files that one from outside has; what a program printed is a file. */
async function presetLoader(preset: 'postgres' | 'mysql' | 'redis' | undefined, context: LoaderContext): Promise<Loader | undefined> {
  if (preset === undefined) return undefined
  const { sourceSchema } = await import('../config/source-config.ts')
  return await createLoader(sourceSchema.parse({ kind: preset }), context)
}
