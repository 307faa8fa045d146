/**
 * Packs that nothing refers to any more, and since when that is known. They lie in an index file without packs, in a field that restic does
 * not read: every instance of ours sees them, sealed like all else, and if another tool rewrites the index they are merely found again.
 */
export type Marks = ReadonlyMap<string, number>

const field = 'nightshift_unreferenced'
const idPattern = /^[0-9a-f]{64}$/

export function encodeMarks(marks: Marks): Record<string, unknown> {
  const packs = [...marks].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return { packs: [], [field]: packs.map(([id, sinceMs]) => ({ id, since: new Date(sinceMs).toISOString() })) }
}

/** The marks of an index file: none in one of restic. */
export function decodeMarks(index: unknown): Map<string, number> {
  const marks = new Map<string, number>()
  const listed = typeof index === 'object' && index !== null ? (index as Record<string, unknown>)[field] : undefined
  if (!Array.isArray(listed)) return marks
  for (const entry of listed as { id?: unknown; since?: unknown }[]) {
    const sinceMs = Date.parse(String(entry?.since))
    if (typeof entry?.id === 'string' && idPattern.test(entry.id) && !Number.isNaN(sinceMs)) addMark(marks, entry.id, sinceMs)
  }
  return marks
}

/** Two instances may have marked a pack: the later mark counts, so that the grace is never shorter than it should be. */
export function addMark(marks: Map<string, number>, packId: string, sinceMs: number): void {
  marks.set(packId, Math.max(sinceMs, marks.get(packId) ?? sinceMs))
}
