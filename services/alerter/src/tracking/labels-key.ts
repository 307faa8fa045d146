/** Labels as one text, the same for the same labels. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels)
  if (names.length === 0) return ''
  return JSON.stringify(names.toSorted().map((name) => [name, labels[name]]))
}
