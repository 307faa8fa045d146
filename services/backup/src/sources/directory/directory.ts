import type { SourceConfigOf } from '../../config/source-config.ts'
import type { Facts, FolderMaterial, Material, Source, SourceContext } from '../source.ts'
import { copyDatabase } from '../sqlite/copy.ts'
import { pagePolicy } from '../sqlite/page-policy.ts'
import { WorkFolder } from '../work-folder.ts'
import { describeError } from '@nightshift/shared/errors'
import { findDatabases } from './find-databases.ts'

type DirectoryConfig = SourceConfigOf<'directory'>

/** Folders of this host. SQLite databases in them are taken from consistent copies. */
export function directorySource(config: DirectoryConfig): Source {
  return {
    kind: 'directory',
    open: async (context) => await openDirectory(config, context),
  }
}

async function openDirectory(config: DirectoryConfig, context: SourceContext): Promise<Material> {
  const work = config.sqlite === 'copy' ? await WorkFolder.create(context.workDir, 'directory') : undefined
  const facts: Facts = {}
  try {
    const folders: FolderMaterial[] = []
    for (const path of config.paths) {
      const plain: FolderMaterial = {
        path,
        exclude: config.exclude,
        oneFileSystem: config.one_file_system,
        excludeLargerThanBytes: config.exclude_larger_than,
        excludeCaches: config.exclude_caches,
        replace: new Map(),
      }
      folders.push(work === undefined ? plain : await withCopies(plain, work, context, facts))
    }
    return {
      paths: config.paths,
      folders,
      streams: [],
      finish: () => Promise.resolve(facts),
      close: async () => await work?.remove(),
    }
  } catch (error) {
    await work?.remove()
    throw error
  }
}

/** Copies the databases of a folder; what belongs to one and would not fit its copy is left out. */
async function withCopies(folder: FolderMaterial, work: WorkFolder, context: SourceContext, facts: Facts): Promise<FolderMaterial> {
  const replace = new Map<string, string>()
  const databases = new Set<string>()
  const beside: string[] = []
  for await (const path of findDatabases(folder, context.signal)) {
    databases.add(path)
    const copy = work.file(`${Object.keys(facts).length}-${replace.size}.sqlite`)
    try {
      await copyDatabase(path, copy, context.signal)
    } catch (error) {
      context.signal.throwIfAborted()
      // Better as it lies there than not at all; the manifest says that it is not known to be consistent.
      context.log.warn(
        { path, reason: describeError(error) },
        'a SQLite database could not be copied consistently and is taken as a plain file',
      )
      facts[`inconsistent.${path}`] = describeError(error)
      continue
    }
    replace.set(path, copy)
    for (const suffix of ['-wal', '-shm', '-journal']) beside.push(escapePattern(`${path}${suffix}`))
  }
  return {
    ...folder,
    exclude: [...folder.exclude, ...beside],
    replace,
    ...(databases.size > 0 && { chunkPolicyOf: (path, sizeBytes) => (databases.has(path) ? pagePolicy(sizeBytes) : { kind: 'rabin' }) }),
  }
}

/** Every character stands for itself. */
function escapePattern(path: string): string {
  return path.replaceAll(/[\\*?[\]!#]/g, String.raw`\$&`).replace(/ $/, String.raw`\ `)
}
