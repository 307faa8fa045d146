/** What a summary can speak of besides the labels of what it is about. */
const facts = ['host', 'rule', 'severity', 'value', 'threshold'] as const
export type Facts = Readonly<Record<(typeof facts)[number], string>>

const placeholder = /\{([A-Za-z_][A-Za-z0-9_]{0,127})\}/g

/** The names in braces in a summary. */
export function placeholdersOf(summary: string): string[] {
  return [...summary.matchAll(placeholder)].map(([, name = '']) => name)
}

/** Everything that a summary may name, given the labels; undefined labels: any name may be one. */
export function isPlaceholder(name: string, labels: readonly string[] | undefined): boolean {
  return (facts as readonly string[]).includes(name) || labels === undefined || labels.includes(name)
}

export const factsInWords = facts.map((fact) => `{${fact}}`).join(', ')

/** The summary with everything in its place; a label that this series does not have is left empty. */
export function expandSummary(summary: string, known: Facts, labels: Readonly<Record<string, string>>): string {
  return summary.replaceAll(placeholder, (_, name: string) => {
    if (Object.hasOwn(labels, name)) return labels[name] ?? ''
    return Object.hasOwn(known, name) ? known[name as keyof Facts] : ''
  })
}
