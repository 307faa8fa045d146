import { h } from 'preact'
import { AlertsPanel } from './alerts.js'
import { ChecksPanel } from './checks.js'
import { FeedPanel } from './feed.js'
import { HealsPanel } from './heals.js'
import { HostsPanel } from './hosts.js'
import { Masthead, VerdictBanner } from './masthead.js'
import { ServicesPanel } from './services.js'

/**
 * @typedef {import('./view.js').View} View
 * @typedef {{ id: 'alerts' | 'hosts' | 'checks' | 'heals' | 'events' | 'services', panel: import('./view.js').Panel }} Section
 */

/** The parts of the page, in the order in which they are read. @type {{ top: Section[], main: Section[], side: Section[] }} */
const sections = {
  top: [{ id: 'alerts', panel: AlertsPanel }],
  main: [
    { id: 'hosts', panel: HostsPanel },
    { id: 'checks', panel: ChecksPanel },
    { id: 'services', panel: ServicesPanel },
  ],
  side: [
    { id: 'heals', panel: HealsPanel },
    { id: 'events', panel: FeedPanel },
  ],
}

/** @param {{ view: View }} props */
export function Page({ view }) {
  const isStale = view.connection.phase !== 'live' || view.status?.bus !== 'connected'
  const dropped = Object.values(view.status?.dropped ?? {}).reduce((total, count) => total + count, 0)
  return h(
    'div',
    { class: isStale && view.status !== undefined ? 'page is-stale' : 'page' },
    h(Masthead, { view }),
    h(VerdictBanner, { view }),
    h(
      'main',
      { class: 'board' },
      h('div', { class: 'board-top' }, drawSections(sections.top, view)),
      h('div', { class: 'board-main' }, drawSections(sections.main, view)),
      h('div', { class: 'board-side' }, drawSections(sections.side, view)),
    ),
    h(
      'footer',
      { class: 'footer muted' },
      h('span', null, `Nightshift ${view.status?.version ?? ''}`),
      dropped === 0 ? null : h('span', null, view.texts.overflow(dropped)),
      h('a', { href: '/api/v1/state', class: 'push' }, view.texts.stateAsJson),
    ),
  )
}

/** @param {Section[]} list @param {View} view */
function drawSections(list, view) {
  return list.map(({ id, panel }) =>
    h(
      'section',
      { key: id, class: `panel panel-${id}`, 'aria-labelledby': `title-${id}` },
      h('h2', { id: `title-${id}` }, view.texts[id]),
      h(panel, { view }),
    ),
  )
}
