import { describeError } from '@nightshift/shared/errors'
import type { Loader } from '../../sources/loader.ts'
import type { Facts } from '../../sources/source.ts'

/** What was counted when the snapshot was made beside what is counted now. */
export interface FactLosses {
  facts: { fact: string; then: number | string | null; now: number | string | null }[]
  /** Why nothing could be counted now. */
  unreadable: string | null
}

const maxFacts = 500
const counted = /^(?:rows|keys|messages)(?:\.|$)/

/** Counts the live databases as the backup did. */
export async function factLosses(loader: Loader, databases: readonly string[], then: Facts): Promise<FactLosses> {
  try {
    const items = databases.map((name) => ({ name, loadedAs: name }))
    const now = await loader.count({ target: { suffix: '' }, items, isPartial: false })
    const names = [...new Set([...Object.keys(then), ...Object.keys(now)])].filter((name) => counted.test(name)).sort()
    const facts = names.map((fact) => ({ fact, then: then[fact] ?? null, now: now[fact] ?? null }))
    return { facts: facts.filter((each) => each.then !== each.now).slice(0, maxFacts), unreadable: null }
  } catch (error) {
    return { facts: [], unreadable: describeError(error) }
  }
}
