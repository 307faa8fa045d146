import { h } from 'preact'
import { Icon } from './icon.js'
import { isSilent } from './levels.js'

const tones = /** @type {const} */ ({
  starting: 'busy',
  ready: 'ok',
  degraded: 'warning',
  standby: 'info',
  stopping: 'busy',
  silent: 'warning',
})

/** Nightshift's own instances. @param {{ view: import('./view.js').View }} props */
export function ServicesPanel({ view }) {
  const { texts, nowMs } = view
  const agents = [...view.entries.agent.values()].sort((a, b) => (`${a.service}@${a.host}` < `${b.service}@${b.host}` ? -1 : 1))
  if (agents.length === 0) return h('p', { class: 'empty' }, texts.noServices)
  return h(
    'ul',
    { class: 'services' },
    agents.map((agent) => {
      const state = isSilent(agent, nowMs) ? 'silent' : agent.state
      return h(
        'li',
        { key: `${agent.service}@${agent.host}` },
        h(Icon, { tone: tones[state] }),
        h('b', null, agent.service),
        h('span', { class: 'muted' }, `${agent.host ?? texts.fleet} · ${texts.agentState[state]} · ${agent.version}`),
        state === 'degraded' && agent.reasons.length > 0 ? h('span', { class: 'service-reasons' }, agent.reasons.join('; ')) : null,
      )
    }),
  )
}
