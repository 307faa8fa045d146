import { NatsTarget } from '../databases/nats/target.ts'
import { TargetGroup } from '../databases/target-group.ts'
import type { SourceDefinition } from './source.ts'

export const natsSource: SourceDefinition<'nats'> = {
  group: 'nats',
  open(_host, config, context) {
    const targets = Object.entries(config.targets).map(([name, target]) => new NatsTarget(name, target, context))
    const group = new TargetGroup('nats', targets)
    return { read: async (intervalSeconds) => await group.read(intervalSeconds), close: () => group.close() }
  },
}
