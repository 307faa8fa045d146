import { createHash } from 'node:crypto'
import { encodeToken } from '@nightshift/shared/host-token'
import type { Host } from '@nightshift/shared/subjects'
import { fingerprintOf } from '../alert/fingerprint.ts'
import { severities, type Severity } from '../rules/severity.ts'

type Labels = Readonly<Record<string, string>>

/** What an alert of Prometheus is called here. Its labels stay as they are, so that silences and routes find them. */
export interface Identity {
  readonly fingerprint: string
  readonly rule: string
  readonly host: Host
  readonly severity: Severity
}

const rulePattern = /^[A-Za-z0-9_-]{1,128}$/
const longestToken = 128
/** In this order; `instance` is what every Prometheus gives. */
const hostLabels = ['host', 'nodename', 'instance'] as const
const hostPattern = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/
/** What teams write in the label `severity` besides our own words. */
const foreignSeverities: Readonly<Record<string, Severity>> = {
  page: 'critical',
  error: 'critical',
  high: 'critical',
  fatal: 'critical',
  none: 'info',
  low: 'info',
  notice: 'info',
}

export function identify(labels: Labels): Identity {
  const rule = ruleOf(labels['alertname'] ?? '')
  const host = hostOf(labels)
  return { fingerprint: fingerprintOf(rule, host, labels), rule, host, severity: severityOf(labels['severity'] ?? '') }
}

/** The name as it can stand in a subject: its own when it can, else encoded, and cut with a hash when that is too long. */
function ruleOf(alertname: string): string {
  if (rulePattern.test(alertname)) return alertname
  if (alertname === '') return 'unnamed'
  const token = encodeToken(alertname)
  if (token.length <= longestToken) return token
  const hash = createHash('sha256').update(alertname).digest('hex').slice(0, 16)
  return `${token.slice(0, longestToken - hash.length - 1)}-${hash}`
}

/** The host that the labels name, without a port; null when none does, or it is only the machine on which Prometheus runs. */
function hostOf(labels: Labels): Host {
  for (const name of hostLabels) {
    const host = (labels[name] ?? '').replace(/:\d{1,5}$/, '').toLowerCase()
    if (hostPattern.test(host) && host !== 'localhost' && !host.startsWith('127.')) return host
  }
  return null
}

function severityOf(text: string): Severity {
  const word = text.toLowerCase()
  return (
    severities.find((severity) => severity === word) ??
    (Object.hasOwn(foreignSeverities, word) ? foreignSeverities[word] : undefined) ??
    'warning'
  )
}
