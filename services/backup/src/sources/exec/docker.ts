import { EffectError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { findProgram } from '../process/find-program.ts'
import type { Source } from '../source.ts'
import { openInside } from './preset.ts'

/** A dump taken inside a container, through `docker exec`. */
export function dockerSource(config: SourceConfigOf<'docker'>): Source {
  return {
    kind: 'docker',
    open: async (context) => {
      const docker = config.docker ?? findProgram(['docker', 'podman'])
      if (docker === undefined)
        throw new EffectError('no_program', 'there is no docker (or podman) on PATH: install its command line, or name it with `docker`')
      return await openInside([docker, 'exec', '-i', config.container], `container ${config.container}`, config, context)
    },
  }
}
