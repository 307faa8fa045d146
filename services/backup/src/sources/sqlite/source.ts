import { statSync } from 'node:fs'
import { ConfigError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { judgeSize, sizeFact } from '../dump-size.ts'
import type { Material, Source, SourceContext } from '../source.ts'
import { WorkFolder } from '../work-folder.ts'
import { copyDatabase } from './copy.ts'
import { assertSound, countRows } from './facts.ts'
import { pagePolicy } from './page-policy.ts'

type SqliteConfig = SourceConfigOf<'sqlite'>

/** One database file. What is archived is a copy that was found sound. */
export function sqliteSource(config: SqliteConfig): Source {
  return {
    kind: 'sqlite',
    open: async (context) => await openSqlite(config, context),
  }
}

async function openSqlite(config: SqliteConfig, context: SourceContext): Promise<Material> {
  const { path } = config
  if (!(statSync(path, { throwIfNoEntry: false })?.isFile() ?? false))
    throw new ConfigError('no_source', `there is no database ${path}: correct \`path\` of the job ${context.job}`)
  const work = await WorkFolder.create(context.workDir, 'sqlite')
  try {
    const copy = work.file('copy.sqlite')
    await copyDatabase(path, copy, context.signal)
    assertSound(copy)
    const sizeBytes = statSync(copy).size
    judgeSize(path, sizeBytes, config, context.previousFacts, context.acceptSmaller)
    const facts = { ...(config.count_rows ? countRows(copy) : {}), [sizeFact(path)]: sizeBytes }
    return {
      paths: [path],
      folders: [
        { path, exclude: [], oneFileSystem: false, replace: new Map([[path, copy]]), chunkPolicyOf: (_path, bytes) => pagePolicy(bytes) },
      ],
      streams: [],
      finish: () => Promise.resolve(facts),
      close: async () => await work.remove(),
    }
  } catch (error) {
    await work.remove()
    throw error
  }
}
