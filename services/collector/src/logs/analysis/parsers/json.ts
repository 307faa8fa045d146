import type { LogAnalysisConfig } from '../../../config/log-analysis.ts'
import type { FieldValue } from '../../record.ts'
import { wantedNames } from '../json/json-names.ts'
import { JsonLine, parseObject } from '../json/json-line.ts'
import type { LineParser, ParserDefinition } from './parser.ts'
import { unitSeconds } from './unit.ts'

const deepest = 4
const maxFields = 64

/** One JSON object a line, as pino, winston, structlog and python-json-logger write it. */
export const jsonParser: ParserDefinition = { format: 'json', tellsLogins: false, isDetected: true, open }
/** Its keys and numeric levels are among those that `json` knows. */
export const pinoParser: ParserDefinition = { format: 'pino', tellsLogins: false, isDetected: false, open }
/** `journalctl -o json`. */
export const journaldParser: ParserDefinition = { format: 'journald', tellsLogins: true, isDetected: false, open }

function open(config: LogAnalysisConfig): LineParser {
  const line = new JsonLine(wantedNames(config.fields, unitSeconds(config.duration_unit)))
  return {
    fill: (bytes, start, end, record) => line.fill(bytes, start, end, record),
    fields: (text) => flatten(parseObject(text) ?? {}),
  }
}

/** Scalars with dotted names; what is deeper or beyond the bound is left out. */
function flatten(object: Record<string, unknown>): Record<string, FieldValue> {
  const flat: Record<string, FieldValue> = {}
  let count = 0
  const walk = (value: unknown, name: string, depth: number): void => {
    if (count >= maxFields) return
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null) {
      flat[name] = value
      count++
    } else if (depth < deepest && typeof value === 'object') {
      for (const [key, each] of Object.entries(value)) walk(each, name === '' ? key : `${name}.${key}`, depth + 1)
    }
  }
  walk(object, '', 0)
  return flat
}
