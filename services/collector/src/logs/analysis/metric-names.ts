import { counter, gauge, type Field } from '@nightshift/shared/metrics/field'

/** Scalars of a group `log_<source>`, besides those of the tail. */
export const logFields = {
  lines_per_second: gauge('Lines per second over the interval'),
  bytes_per_second: gauge('Bytes of lines per second over the interval'),
  unparsed_total: counter('Lines that are not of the format of the log; they count as plain text'),
  errors_total: counter('Events of level error or critical'),
  errors_per_second: gauge('The same per second over the interval'),
  error_ratio: gauge('Share of the events of the interval that are of level error or critical'),
  requests_total: counter('Lines that tell of a request'),
  requests_per_second: gauge('The same per second over the interval'),
  request_errors_total: counter('Requests that were answered with status 500 and above'),
  request_error_ratio: gauge('Their share of the requests of the interval'),
  response_bytes_total: counter('Bytes of answers, where the line tells'),
  response_bytes_per_second: gauge('The same per second over the interval'),
  request_seconds_p50: gauge('Median length of the requests of the interval, within 1 % of itself; null without requests'),
  request_seconds_p95: gauge('95 of 100 requests of the interval took at most that long'),
  request_seconds_p99: gauge('99 of 100 requests of the interval took at most that long'),
  request_seconds_max: gauge('The longest request of the interval'),
  slow_requests_total: counter('Requests that took longer than `slow_request`'),
  auth_failures_total: counter('Failed logins'),
  auth_bursts_total: counter('Bursts of failed logins'),
  error_groups: gauge('Groups of errors that are known now, at most 512'),
  error_groups_overflow_total: counter('Groups of errors that made room for others'),
  endpoints_overflow_total: counter('Requests counted under (other), because 256 endpoints were known already'),
  stack_lines_total: counter('Lines of stack traces, which belong to the event before them'),
  masked_total: counter('Places masked in what left the host'),
} as const satisfies Record<string, Field>

/** What the items of a group `log_<source>` are, told apart by the labels `kind` and `name`. */
export const logItems = {
  level: {
    name: 'debug, info, warning, error, critical',
    fields: { lines_total: counter('Events of that level'), lines_per_second: gauge('The same per second over the interval') },
  },
  status: {
    name: '1xx to 5xx',
    fields: { requests_total: counter('Requests with such a status'), requests_per_second: gauge('The same per second over the interval') },
  },
  hour: {
    name: '00 to 23, the hour of the day by the clock of the host',
    fields: {
      lines_total: counter('Events in that hour'),
      errors_total: counter('Those of level error or critical'),
      requests_total: counter('Requests in that hour'),
    },
  },
  endpoint: {
    name: 'Method and path without query; what identifies one thing is :id. The busiest',
    fields: {
      requests_total: counter('Requests'),
      requests_per_second: gauge('The same per second over the interval'),
      errors_total: counter('Those with status 500 and above'),
      slow_total: counter('Those that took longer than `slow_request`'),
      response_bytes_total: counter('Bytes of answers'),
      request_seconds_p50: gauge('Median of the interval, within 2 % of itself'),
      request_seconds_p95: gauge('95 of 100 took at most that long'),
      request_seconds_p99: gauge('99 of 100 took at most that long'),
    },
  },
  client: {
    name: 'Client address. Those with the most requests',
    fields: {
      requests_total: counter('Requests; too many by at most overcount'),
      overcount: gauge('What may belong to addresses that were forgotten'),
      response_bytes_total: counter('Bytes of answers'),
    },
  },
  auth: {
    name: 'Source address of failed logins. Those with the most',
    fields: {
      failures_total: counter('Failed logins; too many by at most overcount'),
      overcount: gauge('What may belong to addresses that were forgotten'),
    },
  },
  error: {
    name: 'Fingerprint of an error group; its first line is in the label `message`. The most frequent',
    fields: {
      errors_total: counter('Errors of the group'),
      first_seen_seconds: gauge('When it was seen first, since 1970'),
      last_seen_seconds: gauge('When it was seen last, since 1970'),
    },
  },
} as const satisfies Record<string, { name: string; fields: Record<string, Field> }>

export type LogField = keyof typeof logFields
export type LogItemKind = keyof typeof logItems
