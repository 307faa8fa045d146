import { h } from 'preact'
import { Icon } from './icon.js'
import { listActiveAlerts } from './verdict.js'

/**
 * @typedef {import('./view.js').View} View
 * @typedef {import('../../fleet/model.ts').Alert} Alert
 */

const maxResolved = 10

/** What fires, then what may come, then what is over. @param {{ view: View }} props */
export function AlertsPanel({ view }) {
  const { texts, entries } = view
  const active = listActiveAlerts(view)
  const pending = [...entries.alert.values()].filter(({ state }) => state === 'pending')
  const resolved = [...entries.alert.values()]
    .filter(({ state }) => state === 'resolved')
    .sort((a, b) => (a.changed_time < b.changed_time ? 1 : -1))
  return h(
    'div',
    null,
    active.length + pending.length === 0 ? h('p', { class: 'empty' }, texts.noAlerts) : null,
    h(
      'ul',
      { class: 'alerts' },
      [...active, ...pending].map((alert) => h(AlertCard, { key: alert.fingerprint, alert, view })),
    ),
    resolved.length === 0
      ? null
      : h(
          'details',
          { class: 'resolved' },
          h('summary', null, texts.resolvedAlerts(resolved.length)),
          h(
            'ul',
            { class: 'alerts' },
            resolved.slice(0, maxResolved).map((alert) => h(AlertCard, { key: alert.fingerprint, alert, view })),
          ),
        ),
  )
}

/** @param {{ alert: Alert, view: View }} props */
function AlertCard({ alert, view: { texts, format, nowMs } }) {
  const isOver = alert.state === 'resolved'
  const startedAt = format.clock(alert.started_time, nowMs)
  const when = isOver
    ? `${startedAt} · ${format.length(Date.parse(alert.changed_time) - Date.parse(alert.started_time))}`
    : texts.since(startedAt)
  const tone = isOver ? 'ok' : alert.state === 'pending' ? 'info' : alert.severity
  const state =
    alert.state === 'firing'
      ? texts.severity[alert.severity]
      : `${texts.alertState[alert.state]}${isOver ? '' : `, ${texts.severity[alert.severity]}`}`
  return h(
    'li',
    { class: `alert edge-${tone}` },
    h(
      'div',
      { class: 'alert-head' },
      h('span', { class: `pill tone-${tone}` }, h(Icon, { tone }), state),
      h('b', null, alert.rule),
      h('span', { class: 'muted' }, alert.host ?? texts.fleet),
      h('time', { class: 'muted push', datetime: alert.started_time }, when),
    ),
    alert.summary === '' ? null : h('p', null, alert.summary),
    alert.reason === null ? null : h('p', { class: 'muted' }, alert.reason),
    h(Runbook, { address: alert.runbook, label: texts.runbook }),
  )
}

/** A link only when it is one to a web page; any other text stays text. @param {{ address: string | null, label: string }} props */
function Runbook({ address, label }) {
  if (address === null || address === '') return null
  if (!/^https?:\/\//i.test(address)) return h('p', { class: 'muted' }, `${label}: ${address}`)
  return h('p', null, h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, `${label} ↗`))
}
