import { Pattern, expandReplacement } from '@nightshift/shared/pattern/pattern'
import { nameLabel } from './series-text.ts'

/** As in Prometheus' `metric_relabel_configs`. */
export interface RelabelRule {
  readonly action: 'replace' | 'keep' | 'drop' | 'labelmap' | 'labeldrop' | 'labelkeep' | 'lowercase' | 'uppercase'
  readonly source_labels: readonly string[]
  readonly separator: string
  readonly regex: string
  readonly target_label?: string | undefined
  readonly replacement: string
}

/** Changes labels in place; false when the series is dropped. */
export type LabelRule = (labels: Map<string, string>) => boolean

const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** One rule of the configuration, ready to run. Throws SyntaxError for a regex that is none. */
export function compileLabelRule(rule: RelabelRule): LabelRule {
  const pattern = new Pattern(rule.regex)
  const sourceOf = (labels: ReadonlyMap<string, string>): string =>
    rule.source_labels.map((name) => labels.get(name) ?? '').join(rule.separator)
  switch (rule.action) {
    case 'keep':
      return (labels) => pattern.match(sourceOf(labels)) !== undefined
    case 'drop':
      return (labels) => pattern.match(sourceOf(labels)) === undefined
    case 'labeldrop':
      return (labels) => dropLabels(labels, (name) => pattern.match(name) !== undefined)
    case 'labelkeep':
      return (labels) => dropLabels(labels, (name) => pattern.match(name) === undefined)
    case 'labelmap':
      return (labels) => mapLabels(labels, pattern, rule.replacement)
    case 'lowercase':
      return (labels) => setLabel(labels, rule.target_label ?? '', sourceOf(labels).toLowerCase())
    case 'uppercase':
      return (labels) => setLabel(labels, rule.target_label ?? '', sourceOf(labels).toUpperCase())
    case 'replace':
      return (labels) => {
        const match = pattern.match(sourceOf(labels))
        if (match === undefined) return true
        return setLabel(labels, expandReplacement(rule.target_label ?? '', match), expandReplacement(rule.replacement, match))
      }
  }
}

/** An empty value takes a label away; a name that is none leaves everything as it was. */
function setLabel(labels: Map<string, string>, name: string, value: string): boolean {
  if (!labelName.test(name)) return true
  if (value === '') labels.delete(name)
  else labels.set(name, value)
  return true
}

function dropLabels(labels: Map<string, string>, isDropped: (name: string) => boolean): boolean {
  for (const name of labels.keys()) if (name !== nameLabel && isDropped(name)) labels.delete(name)
  return true
}

function mapLabels(labels: Map<string, string>, pattern: Pattern, replacement: string): boolean {
  // What a rule adds is not mapped again.
  const before = labels.entries().toArray()
  for (const [name, value] of before) {
    const match = pattern.match(name)
    if (match !== undefined) setLabel(labels, expandReplacement(replacement, match), value)
  }
  return true
}
