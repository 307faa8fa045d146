import { metricFileRoom } from '../metric-file/definition.ts'
import { postureRoom } from '../posture/definition.ts'
import { logsRoom } from '../logs/definition.ts'
import type { RoomDefinition } from './room.ts'
import { scrapeRoom } from '../scrape/definition.ts'

/** To add one: a folder of its own, a line here, its section in config/. */
export const roomDefinitions: readonly RoomDefinition[] = [logsRoom, metricFileRoom, postureRoom, scrapeRoom]
