import { ContractError } from '@nightshift/shared/errors'

/**
 * The file of one stream (or KV bucket, which is a stream): JSON lines. The first is the head, then come its consumers, then its messages in
 * order, at last the end with their number: a file without it is torn.
 */
export type StreamRecord =
  | { readonly head: { readonly format: 'nightshift-nats-stream'; readonly version: 1; readonly config: Record<string, unknown> } }
  | { readonly consumer: Record<string, unknown> }
  | MessageRecord
  | { readonly end: { readonly messages: number } }

export interface MessageRecord {
  readonly seq: number
  readonly subject: string
  /** ISO, with the nanoseconds of the server. */
  readonly time: string
  readonly headers?: Readonly<Record<string, readonly string[]>> | undefined
  /** Base64. */
  readonly data: string
}

export function encodeRecord(record: StreamRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`)
}

/** Throws ContractError `bad_stream_file` for what is no line of such a file. */
export function parseRecord(line: string): StreamRecord {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw refused('a line of it is no JSON', cause)
  }
  if (!isMapping(value)) throw refused('a line of it is no object')
  if (isMapping(value['head'])) {
    const { format, version, config } = value['head']
    if (format !== 'nightshift-nats-stream' || version !== 1 || !isMapping(config)) throw refused('it is of another format or version')
    return { head: { format, version, config } }
  }
  if (isMapping(value['consumer'])) return { consumer: value['consumer'] }
  if (isMapping(value['end'])) {
    const { messages } = value['end']
    if (typeof messages !== 'number') throw refused('its end has no number')
    return { end: { messages } }
  }
  const { seq, subject, time, headers, data } = value
  if (
    typeof seq !== 'number' ||
    typeof subject !== 'string' ||
    typeof time !== 'string' ||
    typeof data !== 'string' ||
    !areHeaders(headers)
  )
    throw refused('a line of it is no message')
  return { seq, subject, time, data, ...(headers !== undefined && { headers }) }
}

function areHeaders(value: unknown): value is Record<string, string[]> | undefined {
  if (value === undefined) return true
  return isMapping(value) && Object.values(value).every((list) => Array.isArray(list) && list.every((each) => typeof each === 'string'))
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(why: string, cause?: unknown): ContractError {
  return new ContractError('bad_stream_file', `the file is none of a NATS stream: ${why}`, { cause })
}
