import { h } from 'preact'
import { Icon } from './icon.js'

/**
 * @typedef {import('./view.js').View} View
 * @typedef {import('../../fleet/model.ts').Heal} Heal
 */

const maxShown = 12
const tones = /** @type {const} */ ({
  held: 'warning',
  diagnosing: 'busy',
  acting: 'busy',
  verifying: 'busy',
  recovered: 'ok',
  failed: 'warning',
  escalated: 'critical',
})

/** Runs, the latest first. @param {{ view: View }} props */
export function HealsPanel({ view }) {
  const heals = [...view.entries.heal.values()].sort((a, b) => (a.started_time < b.started_time ? 1 : -1)).slice(0, maxShown)
  if (heals.length === 0) return h('p', { class: 'empty' }, view.texts.noHeals)
  return h(
    'ul',
    { class: 'heals' },
    heals.map((heal) => h(HealRun, { key: heal.run, heal, view })),
  )
}

/** @param {{ heal: Heal, view: View }} props */
function HealRun({ heal, view: { texts, format, nowMs } }) {
  const tone = tones[heal.phase]
  return h(
    'li',
    { class: 'heal' },
    h(
      'div',
      { class: 'alert-head' },
      h('span', { class: `pill tone-${tone}` }, h(Icon, { tone }), texts.healPhase[heal.phase]),
      h('b', null, heal.target),
      h('span', { class: 'muted' }, heal.host ?? texts.fleet),
      h('time', { class: 'muted push', datetime: heal.started_time }, format.seconds(heal.started_time, nowMs)),
    ),
    h('p', { class: 'muted' }, `${heal.playbook} · ${texts.attempt(heal.attempt, heal.max_attempts)}`),
    h(
      'ol',
      { class: 'steps' },
      heal.steps.map((step, index) =>
        h(
          'li',
          { key: index, class: `step tone-${tones[step.phase]}` },
          h('span', null, texts.healPhase[step.phase]),
          h('span', { class: 'muted number' }, format.offset(Date.parse(step.time) - Date.parse(heal.started_time))),
        ),
      ),
    ),
    heal.reason === null || heal.phase === 'recovered' ? null : h('p', null, heal.reason),
    heal.output === null || heal.output === '' ? null : h('details', null, h('summary', null, texts.output), h('pre', null, heal.output)),
  )
}
