import { ConfigError } from '@nightshift/shared/errors'
import { wantedNames } from '../json/json-names.ts'
import { compileLinePattern } from '../patterns/line-pattern.ts'
import { RecordFiller } from '../record-filler.ts'
import type { ParserDefinition } from './parser.ts'
import { PatternGuard } from '../patterns/pattern-guard.ts'
import { unitSeconds } from './unit.ts'

/** What a pattern sees of a line: the square of it is what the worst one that is allowed may cost. */
export const longestSeen = 4096

/** A regular expression of the config. Its groups are named like the keys of JSON lines. */
export const patternParser: ParserDefinition = {
  format: 'pattern',
  tellsLogins: false,
  isDetected: false,
  open(config) {
    const compiled = compileLinePattern(config.pattern ?? '%{GREEDYDATA:message}')
    if ('problem' in compiled) throw new ConfigError('log_pattern', `the pattern ${compiled.problem}`)
    const { regex } = compiled
    const guard = new PatternGuard()
    const names = wantedNames(config.fields, unitSeconds(config.duration_unit) ?? 1)
    const placeOf = new Map(names.map(({ name }, place) => [name.replaceAll('.', '_'), place]))
    const filler = new RecordFiller(names)
    return {
      fill(bytes, start, end, record) {
        const groups = guard.match(regex, bytes.toString('utf8', start, Math.min(end, start + longestSeen)))
        if (groups === undefined) return false
        filler.begin()
        for (const [name, text] of Object.entries(groups)) {
          const place = placeOf.get(name)
          if (place !== undefined && text !== undefined) filler.takeText(place, text, /^-?\d+(?:\.\d+)?$/.test(text), record)
        }
        return true
      },
      fields: (line) =>
        Object.fromEntries(
          Object.entries(regex.exec(line.slice(0, longestSeen))?.groups ?? {}).map(([name, text]) => [name, text ?? null]),
        ),
    }
  },
}
