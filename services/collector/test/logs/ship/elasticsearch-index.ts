import type { Answer, Received } from './log-server.ts'

interface Action {
  create?: { _index: string; _id: string }
}

/**
 * The _bulk endpoint as the manual describes it: NDJSON that ends with a newline, an answer that names each line in order, 409 for an id
 * that is there, 400 for a document that does not fit the mapping, 429 when the queue is full, 413 over http.max_content_length.
 */
export class ElasticsearchIndex {
  readonly documents = new Map<string, Record<string, unknown>>()
  readonly indices = new Set<string>()
  maxBytes = 100 * 1024 * 1024
  /** Called for each new document; gives a status of its own, as a full shard does. */
  itemStatus: (document: Record<string, unknown>) => number = () => 201

  answer(request: Received): Answer {
    if (Buffer.byteLength(request.body) > this.maxBytes) return { status: 413 }
    if (!request.path.endsWith('/_bulk')) return { status: 404 }
    if (!/^application\/(?:x-ndjson|json)/.test(request.headers['content-type'] ?? '')) return { status: 406 }
    if (!request.body.endsWith('\n'))
      return { status: 400, body: { error: { reason: 'The bulk request must be terminated by a newline [\\n]' } } }
    const lines = request.body.trimEnd().split('\n')
    const items: object[] = []
    for (let at = 0; at < lines.length; at += 2) {
      const action = (JSON.parse(lines[at] ?? '') as Action).create
      if (action === undefined) return { status: 400 }
      items.push({ create: this.#create(action, JSON.parse(lines[at + 1] ?? '') as Record<string, unknown>) })
    }
    return { status: 200, body: { took: 1, errors: items.some((item) => JSON.stringify(item).includes('"error"')), items } }
  }

  #create({ _index, _id }: { _index: string; _id: string }, document: Record<string, unknown>): object {
    if (this.documents.has(_id))
      return { _index, _id, status: 409, error: { type: 'version_conflict_engine_exception', reason: 'document already exists' } }
    const status = this.itemStatus(document)
    if (status === 429) return { _index, _id, status, error: { type: 'es_rejected_execution_exception', reason: 'queue capacity' } }
    if (status === 400)
      return { _index, _id, status, error: { type: 'document_parsing_exception', reason: 'failed to parse field [labels.user_id]' } }
    this.documents.set(_id, document)
    this.indices.add(_index)
    return { _index, _id, status: 201, result: 'created' }
  }
}
