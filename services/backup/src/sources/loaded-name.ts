import { ConfigError } from '@nightshift/shared/errors'
import type { Loaded, LoadedItem, LoadTarget } from './loader.ts'

/** The name with the suffix, cut so that the server does not cut it. */
export function besideName(name: string, suffix: string, maxBytes: number): string {
  let base = name
  while (Buffer.byteLength(`${base}${suffix}`) > maxBytes) base = base.slice(0, -1)
  return `${base}${suffix}`
}

/** What is live gets this name when something else takes its place. */
export function keptName(name: string, suffix: string, maxBytes: number): string {
  return besideName(name, `_before${suffix}`, maxBytes)
}

/** Throws ConfigError for what could be live. */
export function assertBeside(target: LoadTarget, names: readonly string[]): void {
  const live = names.find((name) => target.suffix === '' || !name.endsWith(target.suffix))
  if (live !== undefined)
    throw new ConfigError('not_beside', `${live} is not dropped: it is not among what was restored beside the live data`)
}

/** Throws ConfigError for what holds only a part. */
export function assertWhole(loaded: Loaded): void {
  if (loaded.isPartial)
    throw new ConfigError(
      'partial_restore',
      'only some tables were restored, which cannot take the place of the whole database; copy their rows instead',
    )
}

/** One of the loaded databases: the named one, or the only one. */
export function itemOf(loaded: Loaded, name: string | undefined): LoadedItem {
  const item = name === undefined && loaded.items.length === 1 ? loaded.items[0] : loaded.items.find((each) => each.name === name)
  if (item !== undefined) return item
  const names = loaded.items.map((each) => each.name).join(', ')
  throw new ConfigError(
    'no_database',
    name === undefined ? `say which database: ${names}` : `there is no ${name} in this snapshot; it has ${names}`,
  )
}
