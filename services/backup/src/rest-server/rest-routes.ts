import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NightshiftError } from '@nightshift/shared/errors'
import type { FileType, Store, StoreFile } from '../destinations/store.ts'
import { mayChange, type RestAccess } from './rest-access.ts'
import { parseRange, parseRestPath } from './rest-path.ts'

const versionTwo = 'application/vnd.x.restic.rest.v2'
const versionOne = 'application/vnd.x.restic.rest.v1'
/** restic makes packs of at most 128 MiB; an index can be larger than a pack. */
const maxUploadBytes = 192 * 1024 ** 2

/** An answer other than success. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Answers one request of restic's REST protocol from a store. */
export async function answerRest(store: Store, access: RestAccess, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(`http://localhost${request.url ?? '/'}`)
  const signal = signalOf(response)
  try {
    const path = parseRestPath(url?.pathname ?? '')
    if (path === undefined) throw new Refusal(404, 'there is nothing here')
    if (path.kind === 'repository')
      await answerRepository(store, access, request, response, url?.searchParams.get('create') === 'true', signal)
    else if (path.kind === 'folder') await sendList(store, path.type, request, response, signal)
    else await answerFile(store, access, path.file, request, response, signal)
  } catch (error) {
    refuse(response, error)
  }
}

async function answerRepository(
  store: Store,
  access: RestAccess,
  request: IncomingMessage,
  response: ServerResponse,
  isCreate: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (request.method !== 'POST' || !isCreate) throw new Refusal(405, 'a repository is made by POST /?create=true, and not removed')
  if (access !== 'write') throw new Refusal(403, 'this repository is served for reading')
  await store.create(signal)
  finish(response, 200)
}

async function sendList(
  store: Store,
  type: FileType,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (request.method !== 'GET') throw new Refusal(405, 'a folder can only be listed')
  const files = await Array.fromAsync(store.list(type, signal))
  const hasSizes = request.headers.accept?.includes(versionTwo) === true
  const list = hasSizes ? files.map(({ id, sizeBytes }) => ({ name: id, size: sizeBytes })) : files.map(({ id }) => id)
  finish(response, 200, Buffer.from(JSON.stringify(list)), { 'content-type': hasSizes ? versionTwo : versionOne })
}

async function answerFile(
  store: Store,
  access: RestAccess,
  file: StoreFile,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  switch (request.method) {
    case 'HEAD':
      return response.writeHead(200, { 'content-length': await sizeOf(store, file, signal) }).end() && undefined
    case 'GET':
      return await sendFile(store, file, request, response, signal)
    case 'POST':
      if (!mayChange(access, file.type)) throw new Refusal(403, 'this repository is served for reading; use --no-lock')
      await store.write(file, await receive(request, file), signal)
      return finish(response, 200)
    case 'DELETE':
      if (!mayChange(access, file.type)) throw new Refusal(403, 'this repository is served for reading; use --no-lock')
      await store.remove(file, signal)
      return finish(response, 200)
    default:
      throw new Refusal(405, 'not a method of this protocol')
  }
}

async function sendFile(
  store: Store,
  file: StoreFile,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const range = parseRange(request.headers.range)
  if (range === undefined) return finish(response, 200, await store.read(file, { signal }), { 'accept-ranges': 'bytes' })
  const sizeBytes = await sizeOf(store, file, signal)
  const end = Math.min(range.end ?? sizeBytes, sizeBytes)
  if (range.start >= sizeBytes) return finish(response, 416, undefined, { 'content-range': `bytes */${sizeBytes}` })
  const bytes = await store.read(file, { offset: range.start, lengthBytes: end - range.start, signal })
  finish(response, 206, bytes, { 'content-range': `bytes ${range.start}-${end - 1}/${sizeBytes}` })
}

async function sizeOf(store: Store, file: StoreFile, signal: AbortSignal): Promise<number> {
  const sizeBytes = await store.sizeOf(file, signal)
  if (sizeBytes === undefined) throw new Refusal(404, 'there is no such file')
  return sizeBytes
}

/** The body, whose hash must be the name that it is to have. */
async function receive(request: IncomingMessage, file: StoreFile): Promise<Buffer> {
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (!Number.isSafeInteger(length)) throw new Refusal(411, 'say the length of the body')
  if (length > maxUploadBytes) throw new Refusal(413, `a file may have ${maxUploadBytes} bytes`)
  const bytes = Buffer.allocUnsafe(length)
  let done = 0
  // The server of Node ends the body at the length that was said.
  for await (const chunk of request as AsyncIterable<Buffer>) done += chunk.copy(bytes, done)
  if (done !== length) throw new Refusal(400, 'the body is shorter than its length')
  if (file.type !== 'config' && createHash('sha256').update(bytes).digest('hex') !== file.id)
    throw new Refusal(400, 'the name is not the SHA-256 of the bytes')
  return bytes
}

const statusOf: Readonly<Record<string, number>> = {
  store_missing_file: 404,
  store_not_found: 404,
  store_denied: 403,
  store_conflict: 403,
  store_full: 507,
  store_unreachable: 503,
}

function refuse(response: ServerResponse, error: unknown): void {
  const status = error instanceof Refusal ? error.status : error instanceof NightshiftError ? (statusOf[error.code] ?? 500) : 500
  const isOurs = error instanceof Refusal || error instanceof NightshiftError
  if (response.headersSent) response.destroy()
  else
    finish(response, status, Buffer.from(isOurs ? `${error.message}\n` : 'the request failed\n'), {
      'content-type': 'text/plain; charset=utf-8',
    })
}

function finish(response: ServerResponse, status: number, body?: Uint8Array, headers: Record<string, string> = {}): void {
  // What was not read of a refused upload would be taken for the next request.
  if (status >= 400 && !response.req.complete) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'application/octet-stream', ...headers, 'content-length': body?.length ?? 0 })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** Aborted when the client goes away before its answer. */
function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  return controller.signal
}
