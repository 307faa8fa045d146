import { ConfigError } from '@nightshift/shared/errors'
import { wantedNames } from '../json/json-names.ts'
import { compileLinePattern, longestSeen } from '../patterns/line-pattern.ts'
import { RecordFiller } from '../record-filler.ts'
import type { ParserDefinition } from './parser.ts'
import { unitSeconds } from './unit.ts'

/** A regular expression of the config. Its groups are named like the keys of JSON lines. */
export const patternParser: ParserDefinition = {
  format: 'pattern',
  tellsLogins: false,
  isDetected: false,
  open(config) {
    const compiled = compileLinePattern(config.pattern ?? '%{GREEDYDATA:message}')
    if ('problem' in compiled) throw new ConfigError('log_pattern', `the pattern ${compiled.problem}`)
    const groupsOf = (text: string): Readonly<Record<string, string | undefined>> | undefined => {
      const match = compiled.pattern.exec(text)
      return match === 'slow' ? undefined : match?.groups
    }
    const names = wantedNames(config.fields, unitSeconds(config.duration_unit) ?? 1)
    const placeOf = new Map(names.map(({ name }, place) => [name.replaceAll('.', '_'), place]))
    const filler = new RecordFiller(names)
    return {
      fill(bytes, start, end, record) {
        const groups = groupsOf(bytes.toString('utf8', start, Math.min(end, start + longestSeen)))
        if (groups === undefined) return false
        filler.begin()
        for (const [name, text] of Object.entries(groups)) {
          const place = placeOf.get(name)
          if (place !== undefined && text !== undefined) filler.takeText(place, text, /^-?\d+(?:\.\d+)?$/.test(text), record)
        }
        return true
      },
      fields: (line) =>
        Object.fromEntries(Object.entries(groupsOf(line.slice(0, longestSeen)) ?? {}).map(([name, text]) => [name, text ?? null])),
    }
  },
}
