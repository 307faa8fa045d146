import { exclusion } from '../globs/exclusion.ts'
import { label as cutLabel } from '../sources/source.ts'
import { isOwnKey } from './item-numbers.ts'
import { compileLabelRule, type LabelRule, type RelabelRule } from './label-rules.ts'
import { nameLabel, type SeriesText } from './series-text.ts'

export interface SelectionConfig {
  readonly allow?: readonly string[] | undefined
  readonly deny: readonly string[]
  readonly labels?: readonly string[] | undefined
  readonly relabel: readonly RelabelRule[]
}

/** Which series of a page are wanted, and under which name and labels. */
export class Selection {
  /** No rule changes labels, so what is written differently is published differently. */
  readonly keepsLabels: boolean
  readonly #isAllowed: (name: string) => boolean
  readonly #isDenied: (name: string) => boolean
  readonly #kept: ReadonlySet<string> | undefined
  readonly #rules: readonly LabelRule[]
  readonly #instance: string | undefined

  /** With an instance every series gets it as a label. */
  constructor(config: SelectionConfig, instance: string | undefined) {
    this.#isAllowed = config.allow === undefined ? () => true : exclusion(config.allow)
    this.#isDenied = exclusion(config.deny)
    this.#kept = config.labels === undefined ? undefined : new Set(config.labels)
    this.#rules = config.relabel.map(compileLabelRule)
    this.#instance = instance
    this.keepsLabels = config.labels === undefined && config.relabel.length === 0
  }

  /** By its name alone: a histogram is named as a whole or by one of its samples. */
  admits(metric: string, sampleName: string): boolean {
    if (this.#isDenied(metric) || this.#isDenied(sampleName)) return false
    return this.#isAllowed(metric) || this.#isAllowed(sampleName)
  }

  /**
   * Name and labels as they are published; undefined when a rule drops it. The rules see a histogram once, by the name it is published
   * under and without `le`, and the instance, which none of them can take away.
   */
  apply({ name, labels }: SeriesText): SeriesText | undefined {
    const all = new Map(labels)
    const own = all.get('instance')
    if (this.#instance !== undefined) {
      if (own !== undefined) all.set('exported_instance', own)
      all.set('instance', this.#instance)
    }
    if (this.#rules.length > 0) all.set(nameLabel, name)
    for (const rule of this.#rules) if (!rule(all)) return undefined
    const published = new Map<string, string>()
    for (const [label, value] of all) {
      if (label.startsWith('__') || value === '' || (this.#kept?.has(label) === false && label !== 'instance')) continue
      published.set(isOwnKey(label) ? `exported_${label}` : label, cutLabel(value))
    }
    if (this.#instance !== undefined) published.set('instance', this.#instance)
    return { name: all.get(nameLabel) ?? name, labels: published }
  }
}
