import type { Log } from '../src/log.ts'
import { createLog } from '@nightshift/shared/service/log'

/** A real log that keeps its lines. */
export function keptLog(): { log: Log; lines: string[] } {
  const lines: string[] = []
  return { lines, log: createLog({ service: 'collector', host: 'web-1', form: 'json', write: (line) => lines.push(line) }) }
}
