import { OptionalFile } from '../procfs/optional-file.ts'
import { ratesPerSecond, round } from './rates.ts'
import { unsupported, type Fields, type SourceDefinition } from './source.ts'

/** What each file tells. `full` of cpu means nothing for the whole host: the kernel writes zeros there since 5.13, and nothing before. */
const wanted = { cpu: ['some'], memory: ['some', 'full'], io: ['some', 'full'], irq: ['full'] } as const
const averages = ['avg10', 'avg60', 'avg300'] as const
const linePattern = /^(some|full) avg10=(\d{1,3}\.\d+) avg60=(\d{1,3}\.\d+) avg300=(\d{1,3}\.\d+) total=(\d{1,20})/gm

/** Stalled time since boot by name, such as `io_full`. */
type Totals = Record<string, number>

export const psiSource: SourceDefinition<'psi'> = {
  group: 'psi',
  open(host) {
    const files = Object.entries(wanted).map(([resource, kinds]) => ({
      resource,
      kinds,
      file: new OptionalFile(`${host.proc}/pressure/${resource}`),
    }))
    let previous: Totals = {}
    return {
      read(intervalSeconds) {
        const fields: Fields = {}
        const totals: Totals = {}
        let isThere = false
        for (const { resource, kinds, file } of files) {
          const text = file.readText()
          isThere ||= text !== undefined
          if (text === undefined) continue
          for (const kind of kinds)
            Object.assign(fields, pressureFields(`${resource}_${kind}`, text, kind, { previous, totals, intervalSeconds }))
        }
        if (!isThere) throw unsupported('this kernel does not measure pressure; it does from 4.20 on, with CONFIG_PSI and psi=1')
        previous = totals
        return { fields }
      },
      close() {
        for (const { file } of files) file.close()
      },
    }
  },
}

interface Looks {
  readonly previous: Totals
  /** Filled with what this look found. */
  readonly totals: Totals
  readonly intervalSeconds: number | null
}

/** `some avg10=1.53 avg60=0.87 avg300=0.73 total=5321` in per cent and microseconds; a text that may not be read gives nulls. */
export function pressureFields(name: string, text: string | null, kind: 'some' | 'full', looks: Looks): Fields {
  const values = text === null ? [null, null, null, null] : findLine(text, kind)
  if (values === undefined) return {}
  const [micros = null, ...percents] = values
  const fields: Fields = {}
  for (const [index, average] of averages.entries()) {
    const percent = percents[index] ?? null
    fields[`${name}_${average}_ratio`] = percent === null ? null : Math.min(1, round(percent / 100))
  }
  const seconds = micros === null ? null : micros / 1e6
  const before = looks.previous[name]
  const rates =
    seconds === null
      ? undefined
      : ratesPerSecond(before === undefined ? undefined : { seconds: before }, { seconds }, looks.intervalSeconds)
  if (seconds !== null) looks.totals[name] = seconds
  fields[`${name}_ratio`] = rates === undefined || rates.seconds === null ? null : Math.min(1, rates.seconds)
  fields[`${name}_seconds_total`] = seconds
  return fields
}

/** The total and the three averages of one kind; undefined when the text does not tell. */
function findLine(text: string, kind: 'some' | 'full'): number[] | undefined {
  for (const [, found, avg10, avg60, avg300, total] of text.matchAll(linePattern)) {
    if (found === kind) return [total, avg10, avg60, avg300].map(Number)
  }
  return undefined
}
