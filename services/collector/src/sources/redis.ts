import { RedisTarget } from '../databases/redis/target.ts'
import { TargetGroup } from '../databases/target-group.ts'
import type { SourceDefinition } from './source.ts'

export const redisSource: SourceDefinition<'redis'> = {
  group: 'redis',
  open(_host, config, context) {
    const targets = Object.entries(config.targets).map(([name, target]) => new RedisTarget(name, target, context))
    const group = new TargetGroup('redis', targets)
    return { read: async (intervalSeconds) => await group.read(intervalSeconds), close: () => group.close() }
  },
}
