import { EffectError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { findProgram } from '../process/find-program.ts'
import type { Source } from '../source.ts'
import { openInside } from './preset.ts'

/** A dump taken inside a pod, through `kubectl exec`. */
export function kubernetesSource(config: SourceConfigOf<'kubernetes'>): Source {
  return {
    kind: 'kubernetes',
    open: async (context) => {
      const kubectl = config.kubectl ?? findProgram(['kubectl'])
      if (kubectl === undefined) throw new EffectError('no_program', 'there is no kubectl on PATH: install it, or name it with `kubectl`')
      const named = { kubeconfig: config.kubeconfig, context: config.context, namespace: config.namespace, container: config.container }
      const flags = Object.entries(named).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`]))
      return await openInside([kubectl, 'exec', '-i', ...flags, config.pod, '--'], `pod ${config.namespace}/${config.pod}`, config, context)
    },
  }
}
