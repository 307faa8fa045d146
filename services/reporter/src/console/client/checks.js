import { h } from 'preact'
import { Icon } from './icon.js'

const tones = /** @type {const} */ ({ ok: 'ok', failing: 'critical', unknown: 'unknown', removed: 'info' })
const rank = { failing: 0, unknown: 1, ok: 2, removed: 3 }

/** Failing ones first. @param {{ view: import('./view.js').View }} props */
export function ChecksPanel({ view }) {
  const { texts, format, nowMs } = view
  const checks = [...view.entries.check.values()]
    .filter(({ state }) => state !== 'removed')
    .sort((a, b) => rank[a.state] - rank[b.state] || (`${a.host}/${a.check}` < `${b.host}/${b.check}` ? -1 : 1))
  if (checks.length === 0) return h('p', { class: 'empty' }, texts.noChecks)
  return h(
    'table',
    { class: 'checks' },
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        [texts.state, texts.check, texts.latency, texts.lastRun].map((title) => h('th', { key: title, scope: 'col' }, title)),
      ),
    ),
    h(
      'tbody',
      null,
      checks.map((check) =>
        h(
          'tr',
          { key: `${check.host}/${check.check}` },
          h(
            'td',
            null,
            h('span', { class: `pill tone-${tones[check.state]}` }, h(Icon, { tone: tones[check.state] }), texts.checkState[check.state]),
          ),
          h(
            'td',
            { class: 'check-name' },
            h('b', null, check.check),
            h('span', { class: 'muted' }, ` ${check.kind} · ${check.host}`),
            check.state === 'ok' ? null : h('div', { class: 'muted' }, texts.since(format.clock(check.since_time, nowMs))),
            check.error === null ? null : h('div', { class: 'check-error' }, check.error),
          ),
          h('td', { class: 'number' }, format.latency(check.latency_seconds)),
          h('td', { class: 'number muted' }, check.last_time === null ? '–' : format.ago(check.last_time, nowMs)),
        ),
      ),
    ),
  )
}
