import { namePattern } from './name-pattern.ts'

/** Whether a name is left out: patterns of the config, in which `*` stands for anything. */
export function exclusion(patterns: readonly string[]): (name: string) => boolean {
  const excluded = patterns.map((pattern) => namePattern(pattern, { acrossFolders: true }))
  return (name) => excluded.some((isExcluded) => isExcluded(name))
}
