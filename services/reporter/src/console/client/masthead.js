import { h } from 'preact'
import { Icon } from './icon.js'
import { judge } from './verdict.js'

/** @typedef {import('./view.js').View} View */

/** Name of the page, and whether what it shows is live. @param {{ view: View }} props */
export function Masthead({ view }) {
  return h(
    'header',
    { class: 'masthead' },
    h(Logo, null),
    h('span', { class: 'brand' }, view.status?.title ?? document.body.dataset['title']),
    h(LiveState, { view }),
  )
}

/** The sentence that says how things stand. Read aloud only when it changes. @param {{ view: View }} props */
export function VerdictBanner({ view }) {
  const { tone, text, detail } = judge(view)
  return h(
    'section',
    { class: `verdict edge-${tone}`, role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' },
    h(Icon, { tone, label: view.texts.tone[tone] }),
    h('div', null, h('h1', null, text), detail === undefined ? null : h('p', { class: 'muted' }, detail)),
  )
}

/** @param {{ view: View }} props */
function LiveState({ view: { connection, status, texts, format } }) {
  const { phase } = connection
  const isLive = phase === 'live'
  const isWell = isLive && status?.bus === 'connected'
  const text = !isLive ? texts[phase] : isWell ? texts.live : texts.busAway
  const age = isLive || connection.lastMessageMs === 0 ? '' : texts.lastData(format.ago(connection.lastMessageMs, Date.now()))
  return h(
    'p',
    { class: `live ${isWell ? 'is-live' : 'is-away'}` },
    h('span', { class: 'live-dot', 'aria-hidden': 'true' }),
    h('span', null, text),
    age === '' ? null : h('span', { class: 'muted' }, age),
  )
}

function Logo() {
  return h(
    'svg',
    { class: 'logo', viewBox: '0 0 32 32', 'aria-hidden': 'true' },
    h('rect', { width: 32, height: 32, rx: 8, class: 'logo-sky' }),
    h('path', { class: 'logo-moon', d: 'M21.8 19.9A8.6 8.6 0 0 1 12.1 8.2a8.6 8.6 0 1 0 9.7 11.7Z' }),
    h('circle', { class: 'logo-star', cx: 22, cy: 10, r: 1.6 }),
  )
}
