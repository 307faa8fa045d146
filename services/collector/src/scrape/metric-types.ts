/** What a sample is a part of. `counter` and `gauge` stand alone, the others make up one histogram or summary. */
export type Role = 'gauge' | 'counter' | 'bucket' | 'quantile' | 'sum' | 'count' | 'created'
/** What is published as one item. */
export type Shape = 'gauge' | 'counter' | 'histogram' | 'gauge_histogram' | 'summary'

export interface SampleKind {
  readonly role: Role
  readonly shape: Shape
  /** The name under which it is published: of the family for histograms and summaries, of the sample otherwise. */
  readonly metric: string
}

const knownTypes = new Set(['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'untyped', 'unknown'])
/** More families than a page of a sane exporter has. */
const maxFamilies = 20_000

const parts: readonly [suffix: string, role: Role, types: readonly string[]][] = [
  ['_bucket', 'bucket', ['histogram', 'gaugehistogram']],
  ['_sum', 'sum', ['histogram', 'summary']],
  ['_count', 'count', ['histogram', 'summary']],
  ['_gsum', 'sum', ['gaugehistogram']],
  ['_gcount', 'count', ['gaugehistogram']],
]

/** The types that a page declares, and what each of its samples is by them. */
export class MetricTypes {
  readonly #types = new Map<string, string>()

  /** `new`, `same` as it was known, `changed`, or `bad` for a type that does not exist. */
  declare(family: string, type: string): 'new' | 'same' | 'changed' | 'bad' {
    if (!knownTypes.has(type)) return 'bad'
    const known = this.#types.get(family)
    if (known === type) return 'same'
    if (known === undefined && this.#types.size >= maxFamilies) return 'same'
    this.#types.set(family, type)
    return known === undefined ? 'new' : 'changed'
  }

  clear(): void {
    this.#types.clear()
  }

  kindOf(name: string): SampleKind {
    const type = this.#types.get(name)
    const created = this.#createdOf(name)
    if (created !== undefined && (type === undefined || type === 'gauge')) return created
    if (type === 'summary') return { role: 'quantile', shape: 'summary', metric: name }
    if (type !== undefined && type !== 'untyped' && type !== 'unknown') return single(type === 'counter', name)
    for (const [suffix, role, types] of parts) {
      if (!name.endsWith(suffix)) continue
      const family = name.slice(0, -suffix.length)
      const familyType = this.#types.get(family)
      if (familyType !== undefined && types.includes(familyType)) return { role, shape: shapeOf(familyType), metric: family }
    }
    return single(name.endsWith('_total'), name)
  }

  /** When a counter or histogram began. Also Python's client writes it in the older format, as a gauge of its own. */
  #createdOf(name: string): SampleKind | undefined {
    if (!name.endsWith('_created')) return undefined
    const family = name.slice(0, -'_created'.length)
    const total = `${family}_total`
    if (this.#types.get(total) === 'counter' || this.#types.get(family) === 'counter')
      return { role: 'created', shape: 'counter', metric: total }
    const type = this.#types.get(family)
    return type === 'histogram' || type === 'summary' ? { role: 'created', shape: type, metric: family } : undefined
  }
}

function single(isCounter: boolean, metric: string): SampleKind {
  return isCounter ? { role: 'counter', shape: 'counter', metric } : { role: 'gauge', shape: 'gauge', metric }
}

function shapeOf(type: string): Shape {
  return type === 'gaugehistogram' ? 'gauge_histogram' : type === 'summary' ? 'summary' : 'histogram'
}
