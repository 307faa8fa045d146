import type { SavedHitter } from './clients/heavy-hitters.ts'
import type { SavedGroup } from './errors/error-groups.ts'
import type { SavedEndpoint } from './requests/endpoints.ts'
import { noTotals, type SavedTallies, type Totals } from './tallies.ts'
import { isObject } from '../../json-object.ts'

/** What survives a restart. Holds names of endpoints, masked, and fingerprints, but no line. */
export interface SavedAnalysis {
  readonly v: 1
  readonly tallies: SavedTallies
  readonly endpoints: readonly SavedEndpoint[]
  readonly clients: readonly SavedHitter[]
  readonly auth: readonly SavedHitter[]
  readonly groups: readonly SavedGroup[]
}

const maxRows = 512

/** What of a saved value can be used: it came from a file, and anything may stand in it. */
export function readSavedAnalysis(value: unknown): SavedAnalysis | undefined {
  if (!isObject(value) || value['v'] !== 1 || !isObject(value['tallies'])) return undefined
  const tallies = value['tallies']
  const counts = (name: string): number[] => (Array.isArray(tallies[name]) ? tallies[name].slice(0, 24).map(count) : [])
  return {
    v: 1,
    tallies: {
      totals: readTotals(tallies['totals']),
      levels: counts('levels'),
      statuses: counts('statuses'),
      hourLines: counts('hourLines'),
      hourErrors: counts('hourErrors'),
      hourRequests: counts('hourRequests'),
    },
    endpoints: rows(value['endpoints'], 4) as unknown as SavedEndpoint[],
    clients: rows(value['clients'], 3) as unknown as SavedHitter[],
    auth: rows(value['auth'], 3) as unknown as SavedHitter[],
    groups: rows(value['groups'], 3) as unknown as SavedGroup[],
  }
}

function readTotals(value: unknown): Totals {
  const totals = { ...noTotals }
  if (isObject(value)) for (const name of Object.keys(noTotals) as (keyof Totals)[]) totals[name] = count(value[name])
  return totals
}

/** Rows of a name and so many numbers. */
function rows(value: unknown, numbers: number): (readonly [string, ...number[]])[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, maxRows).flatMap((row: unknown): [string, ...number[]][] => {
    if (!Array.isArray(row) || typeof row[0] !== 'string' || row[0] === '' || row[0].length > 512) return []
    return [[row[0], ...Array.from({ length: numbers }, (_, index) => count(row[index + 1]))]]
  })
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0
}
