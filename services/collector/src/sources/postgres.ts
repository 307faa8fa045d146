import { PostgresTarget } from '../databases/postgres/target.ts'
import { TargetGroup } from '../databases/target-group.ts'
import type { SourceDefinition } from './source.ts'

export const postgresSource: SourceDefinition<'postgres'> = {
  group: 'postgres',
  open(_host, config, context) {
    const targets = Object.entries(config.targets).map(([name, target]) => new PostgresTarget(name, target, context))
    const group = new TargetGroup('postgres', targets)
    return { read: async (intervalSeconds) => await group.read(intervalSeconds), close: () => group.close() }
  },
}
