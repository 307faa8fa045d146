import type { SourceConfigOf } from '../config/source-config.ts'
import { dumpMaterial, programStream } from './dump-stream.ts'
import { childEnvironment } from './process/child-environment.ts'
import type { Source } from './source.ts'

/** What a program prints, kept when it ends with exit code 0. */
export function commandSource(config: SourceConfigOf<'command'>): Source {
  const path = `/command/${config.file_name}`
  return {
    kind: 'command',
    open: (context) => {
      const dump = programStream(path, context.clock.now(), (signal) =>
        Promise.resolve({
          argv: config.argv,
          env: childEnvironment(config.env, config.pass_env),
          cwd: config.cwd,
          timeoutMs: config.timeout,
          signal: AbortSignal.any([signal, context.signal]),
        }),
      )
      return Promise.resolve(dumpMaterial({ paths: [path], dumps: [dump], rule: config }, context))
    },
  }
}
