import { MysqlTarget } from '../databases/mysql/target.ts'
import { TargetGroup } from '../databases/target-group.ts'
import type { SourceDefinition } from './source.ts'

export const mysqlSource: SourceDefinition<'mysql'> = {
  group: 'mysql',
  open(_host, config, context) {
    const targets = Object.entries(config.targets).map(([name, target]) => new MysqlTarget(name, target, context))
    const group = new TargetGroup('mysql', targets)
    return { read: async (intervalSeconds) => await group.read(intervalSeconds), close: () => group.close() }
  },
}
