import type { LokiConfig } from '../../config/log-ship.ts'
import type { DestinationContext, Parcel } from './destination.ts'
import type { PushDialect } from './push-destination.ts'

/** The push requests of Loki. A line that comes again has the same time and text in the same stream, and Loki keeps one of them. */
export function lokiDialect(config: LokiConfig, { origin, source }: DestinationContext): PushDialect {
  return {
    name: 'loki',
    contentType: 'application/json',
    headers: config.tenant === undefined ? {} : { 'x-scope-orgid': config.tenant },
    encode: (parcel) => JSON.stringify([`${parcel.timeMs}000000`, lineOf(parcel)]),
    join(encoded, parcels) {
      const streams = new Map<string, string[]>()
      for (const [index, { line }] of parcels.entries()) {
        const values = streams.get(line.level) ?? []
        streams.set(line.level, values)
        values.push(encoded[index] ?? '')
      }
      const parts = [...streams].map(([level, values]) => {
        const labels = JSON.stringify({ ...config.labels, host: origin.host, source, level })
        return `{"stream":${labels},"values":[${values.join()}]}`
      })
      return `{"streams":[${parts.join()}]}`
    },
    judge(answer, parcels) {
      if (answer.status >= 200 && answer.status < 300) return { verdicts: parcels.map(() => 'taken'), reason: '' }
      // Loki takes the good lines of a request that it answers with 400, and does not say which: sent again, they would be refused again.
      return { verdicts: parcels.map(() => 'refused'), reason: `${answer.status} ${answer.body.slice(0, 300)}` }
    },
  }
}

/** The address of the push requests of a server. */
export function pushUrl(url: string): URL {
  return new URL('loki/api/v1/push', url.endsWith('/') ? url : `${url}/`)
}

/** JSON, which Loki takes apart with `| json`. Always in the same order: the text is what a copy is known by. */
function lineOf({ line }: Parcel): string {
  const { fields, fingerprint, message, requestId } = line
  return JSON.stringify({
    message,
    ...(fingerprint === null ? {} : { fingerprint }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...fields,
  })
}
