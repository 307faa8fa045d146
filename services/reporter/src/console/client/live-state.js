/**
 * What the browser knows: the same entries as the server, by kind and id.
 * @typedef {import('../../fleet/model.ts').EntryOf} EntryOf
 * @typedef {import('../../fleet/model.ts').EntryKind} EntryKind
 * @typedef {{ [K in EntryKind]: Map<string, EntryOf[K]> }} Entries
 * @typedef {{ entries: Entries, status: import('../snapshot.ts').ConsoleStatus | undefined, skewMs: number }} LiveState
 */

/** Events that the page keeps. */
const maxEvents = 100

/** @returns {LiveState} */
export function emptyState() {
  return {
    entries: { host: new Map(), trend: new Map(), check: new Map(), alert: new Map(), heal: new Map(), agent: new Map(), event: new Map() },
    status: undefined,
    skewMs: 0,
  }
}

/**
 * The state with a message in it. A snapshot replaces everything. `skewMs`: how far the server's clock is ahead of ours.
 * @param {LiveState} state @param {import('../snapshot.ts').LiveMessage} message @param {boolean} isSnapshot @param {number} nowMs
 * @returns {LiveState}
 */
export function mergeMessage(state, message, isSnapshot, nowMs) {
  const { entries } = isSnapshot ? emptyState() : state
  for (const [key, entry] of Object.entries(message.set)) mapOf(entries, key)?.set(idOf(key), entry)
  for (const key of message.gone) mapOf(entries, key)?.delete(idOf(key))
  if (entries.event.size > maxEvents) {
    for (const { id } of listEvents(entries).slice(maxEvents)) entries.event.delete(id)
  }
  return { entries, status: message.status, skewMs: Date.parse(message.time) - nowMs }
}

/** Newest first. @param {Entries} entries */
export function listEvents(entries) {
  return [...entries.event.values()].sort((a, b) => (a.time === b.time ? (a.id < b.id ? 1 : -1) : a.time < b.time ? 1 : -1))
}

/** @param {Entries} entries @param {string} key @returns {Map<string, unknown> | undefined} */
function mapOf(entries, key) {
  const kind = key.slice(0, key.indexOf('/'))
  return Object.hasOwn(entries, kind) ? entries[/** @type {EntryKind} */ (kind)] : undefined
}

/** @param {string} key */
function idOf(key) {
  return key.slice(key.indexOf('/') + 1)
}
