import type { LogNotice } from '../record.ts'
import { formatSeconds, plural } from './phrase.ts'
import { fingerprintText } from './errors/fingerprint.ts'
import type { ErrorGroup } from './errors/error-groups.ts'
import type { Burst } from './auth/auth-bursts.ts'
import { levels, warning } from './level.ts'
import type { Masker } from './masking/masker.ts'
import type { Endpoint } from './requests/endpoints.ts'

const longestMessage = 2000
const longestField = 4000

/** The first error of a group, or those since it was said last. Its count starts again. */
export function groupNotice(group: ErrorGroup, masker: Masker): LogNotice {
  const count = group.unsaid
  group.unsaid = 0
  return {
    level: levels[group.level] ?? 'error',
    message: masker.text(group.sample).slice(0, longestMessage),
    fingerprint: group.fingerprint,
    count,
    timeMs: group.lastSeenMs,
    firstSeenMs: group.firstSeenMs,
    ...(group.requestId === undefined ? {} : { requestId: masker.text(group.requestId) }),
    fields: {
      kind: 'error_group',
      errors_total: group.count,
      ...(group.logger === undefined ? {} : { logger: masker.text(group.logger) }),
      ...(group.stack === '' ? {} : { stack: masker.text(group.stack).slice(0, longestField) }),
    },
  }
}

/** Slow requests of one endpoint since they were said last. Their count starts again. */
export function slowNotice(endpoint: Endpoint, slowSeconds: number, nowMs: number, masker: Masker): LogNotice {
  const { unsaidMaxSeconds: longest, unsaidSlow: count, slowRequestId } = endpoint
  endpoint.unsaidSlow = 0
  endpoint.unsaidMaxSeconds = 0
  endpoint.slowRequestId = undefined
  const name = masker.text(endpoint.name)
  return {
    level: levels[warning],
    message: `${plural(count, 'request')} of ${name} took longer than ${formatSeconds(slowSeconds)}, the longest ${formatSeconds(longest)}`,
    fingerprint: fingerprintText(`slow ${name}`),
    count,
    timeMs: nowMs,
    ...(slowRequestId === undefined ? {} : { requestId: masker.text(slowRequestId) }),
    fields: { kind: 'slow_request', endpoint: name, max_seconds: longest, threshold_seconds: slowSeconds, slow_total: endpoint.slow },
  }
}

/** Many failed logins within the window. */
export function burstNotice(burst: Burst, windowSeconds: number, masker: Masker): LogNotice {
  const from = burst.address === null ? plural(burst.sources.length, 'address', 'addresses') : burst.address
  const sources = burst.sources.map(([address, failures]) => `${address}=${failures}`).join(' ')
  return {
    level: levels[warning],
    message: masker.text(`${plural(burst.failures, 'failed login')} within ${formatSeconds(windowSeconds)} from ${from}`),
    fingerprint: fingerprintText(`auth ${burst.address ?? ''}`),
    count: burst.failures,
    timeMs: burst.timeMs,
    fields: {
      kind: 'auth_failures',
      window_seconds: windowSeconds,
      sources: masker.text(sources).slice(0, longestField),
      ...(burst.address === null ? {} : { address: masker.text(burst.address) }),
      ...(burst.users.length === 0 ? {} : { users: masker.text(burst.users.join(' ')).slice(0, longestField) }),
    },
  }
}
