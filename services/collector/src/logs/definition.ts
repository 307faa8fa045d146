import type { RoomDefinition } from '../rooms/room.ts'

/** The logs of this host. */
export const logsRoom: RoomDefinition = {
  name: 'logs',
  isAskedFor: (config) => Object.keys(config.logs).length > 0,
  async open(context) {
    const [{ LogsRoom }, { openAnalyzer }] = await Promise.all([import('./logs-room.ts'), import('./analysis/analyzer.ts')])
    return new LogsRoom(context, openAnalyzer)
  },
}
