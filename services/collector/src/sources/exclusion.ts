/** Whether a name is left out: patterns of the config, in which `*` stands for anything. */
export function exclusion(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(`^${pattern.split(/\*+/).map(escape).join('.*')}$`, 's'))
  return (name) => expressions.some((expression) => expression.test(name))
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}
