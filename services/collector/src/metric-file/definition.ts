import type { RoomDefinition } from '../rooms/room.ts'

/** Keeps the metrics in a file of this host while the config has a section `metric_file`. */
export const metricFileRoom: RoomDefinition = {
  name: 'metric-file',
  isAskedFor: (config) => config.metric_file !== undefined,
  open: async (context) => new (await import('./metric-file-room.ts')).MetricFileRoom(context),
}
