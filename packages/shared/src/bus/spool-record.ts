/** An event on its way to the bus. */
export interface SpoolRecord {
  readonly id: string
  readonly subject: string
  /** The payload as it was first to be published: JSON in UTF-8. */
  readonly data: Uint8Array
}

/** Version of the file format. A later version reads the older ones here, and writes its own when the file is next rewritten. */
export const spoolVersion = 1

/** The first line of a file. Each file has its own `generation`, so that progress noted for one is never taken for another's. */
interface SpoolHeader {
  readonly version: number
  readonly generation: string
}

export function encodeHeader(header: SpoolHeader): string {
  return `${JSON.stringify({ nightshift_spool: header.version, generation: header.generation })}\n`
}

/** undefined when it is no header of a spool. */
export function decodeHeader(line: Uint8Array | undefined): SpoolHeader | undefined {
  const value = parseObject(line)
  const version = value?.['nightshift_spool']
  const generation = value?.['generation']
  return typeof version === 'number' && typeof generation === 'string' ? { version, generation } : undefined
}

/** One line: `{"id":"..","subject":"..","event":{..}}`, readable with any JSON tool. */
export function encodeRecord(record: SpoolRecord): string {
  const { id, subject, data } = record
  return `{"id":${JSON.stringify(id)},"subject":${JSON.stringify(subject)},"event":${new TextDecoder().decode(data)}}\n`
}

/** undefined when the line is damaged. */
export function decodeRecord(line: Uint8Array | undefined): SpoolRecord | undefined {
  const value = parseObject(line)
  const { id, subject, event } = value ?? {}
  if (typeof id !== 'string' || typeof subject !== 'string' || event === undefined) return undefined
  return { id, subject, data: new TextEncoder().encode(JSON.stringify(event)) }
}

/**
 * Of two records with the same key only the later one says how things stand. Alerts on one subject are told apart by their fingerprint.
 * Damaged lines have none.
 */
export function compactionKey(line: Uint8Array | undefined): string | undefined {
  const value = parseObject(line)
  const { subject, event } = value ?? {}
  if (typeof subject !== 'string') return undefined
  const fingerprint = typeof event === 'object' && event !== null && 'fingerprint' in event ? event.fingerprint : undefined
  return typeof fingerprint === 'string' ? `${subject} ${fingerprint}` : subject
}

function parseObject(line: Uint8Array | undefined): Record<string, unknown> | undefined {
  if (line === undefined) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
