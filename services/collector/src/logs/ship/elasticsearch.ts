import { isoTime } from '@nightshift/shared/clock'
import type { ElasticsearchConfig } from '../../config/log-ship.ts'
import type { DestinationContext, Parcel } from './destination.ts'
import type { PushDialect, Verdict } from './push-destination.ts'

interface BulkItem {
  readonly status?: number
  readonly error?: { readonly type?: string; readonly reason?: string }
}

/** The _bulk requests of Elasticsearch, which OpenSearch and others take too. `create` with our own id: a line that comes again is known. */
export function elasticsearchDialect(config: ElasticsearchConfig, { origin, source }: DestinationContext): PushDialect {
  return {
    name: 'elasticsearch',
    contentType: 'application/x-ndjson',
    headers: {},
    encode(parcel) {
      const action = { create: { _index: indexOf(config.index, parcel.timeMs), _id: parcel.id } }
      return `${JSON.stringify(action)}\n${JSON.stringify(documentOf(parcel, origin.host, source))}\n`
    },
    join: (encoded) => encoded.join(''),
    judge(answer, parcels) {
      if (answer.status < 200 || answer.status > 299) return refuseAll(parcels, `${answer.status} ${answer.body.slice(0, 300)}`)
      const items = readItems(answer.body)
      // An answer that does not name each line says nothing; what was taken already is known by its id.
      if (items === undefined || items.length !== parcels.length) return { verdicts: parcels.map(() => 'again'), reason: '' }
      const verdicts = items.map((item) => judgeItem(item))
      const refused = items[verdicts.indexOf('refused')]
      return { verdicts, reason: `${refused?.error?.type ?? refused?.status}: ${refused?.error?.reason ?? ''}`.slice(0, 300) }
    },
  }
}

/** The address of the _bulk requests of a server. */
export function bulkUrl(url: string): URL {
  return new URL('_bulk', url.endsWith('/') ? url : `${url}/`)
}

function indexOf(pattern: string, timeMs: number): string {
  return pattern.replace('{date}', isoTime(timeMs).slice(0, 10).replaceAll('-', '.'))
}

/** Named as in the Elastic Common Schema where it has a name. */
function documentOf({ id, timeMs, line }: Parcel, host: string, source: string): object {
  return {
    '@timestamp': isoTime(timeMs),
    message: line.message,
    log: { level: line.level, logger: source },
    host: { name: host },
    event: { id, dataset: source },
    ...(line.fingerprint === null ? {} : { error: { id: line.fingerprint } }),
    ...(line.requestId === undefined ? {} : { http: { request: { id: line.requestId } } }),
    labels: line.fields,
  }
}

function judgeItem(item: BulkItem): Verdict {
  const status = item.status ?? 0
  // 409: it is there already, from before a crash or a lost answer.
  if ((status >= 200 && status < 300) || status === 409) return 'taken'
  return status === 429 || status >= 500 || status === 0 ? 'again' : 'refused'
}

function readItems(body: string): BulkItem[] | undefined {
  try {
    const { items } = JSON.parse(body) as { items?: unknown }
    return Array.isArray(items) ? items.map((item: Record<string, BulkItem>) => Object.values(item)[0] ?? {}) : undefined
  } catch {
    return undefined
  }
}

function refuseAll(parcels: readonly Parcel[], reason: string): { verdicts: Verdict[]; reason: string } {
  return { verdicts: parcels.map(() => 'refused'), reason }
}
