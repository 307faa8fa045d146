import { describeError } from '@nightshift/shared/errors'
import type { Loader } from '../../sources/loader.ts'
import type { Facts } from '../../sources/source.ts'

/** What was counted when the snapshot was made beside what is counted now. */
export interface FactLosses {
  facts: { fact: string; backed_up: number | string | null; live: number | string | null }[]
  /** Why nothing could be counted now. */
  unreadable: string | null
}

const maxFacts = 500
const counted = /^(?:rows|keys|messages)(?:\.|$)/

/** Counts the live databases as the backup did. */
export async function factLosses(loader: Loader, databases: readonly string[], backedUp: Facts): Promise<FactLosses> {
  try {
    const items = databases.map((name) => ({ name, loadedAs: name }))
    const live = await loader.count({ target: { suffix: '' }, items, isPartial: false })
    const names = [...new Set([...Object.keys(backedUp), ...Object.keys(live)])].filter((name) => counted.test(name)).sort()
    const facts = names.map((fact) => ({ fact, backed_up: backedUp[fact] ?? null, live: live[fact] ?? null }))
    return { facts: facts.filter((each) => each.backed_up !== each.live).slice(0, maxFacts), unreadable: null }
  } catch (error) {
    return { facts: [], unreadable: describeError(error) }
  }
}
