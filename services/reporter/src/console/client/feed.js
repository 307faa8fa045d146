import { h } from 'preact'
import { Icon } from './icon.js'
import { listEvents } from './live-state.js'

/** The last events, newest first. @param {{ view: import('./view.js').View }} props */
export function FeedPanel({ view }) {
  const { texts, format, nowMs } = view
  const events = listEvents(view.entries)
  if (events.length === 0) return h('p', { class: 'empty' }, texts.noEvents)
  return h(
    'ol',
    { class: 'feed', tabIndex: 0, 'aria-label': texts.events },
    events.map((item) =>
      h(
        'li',
        { key: item.id },
        h('time', { class: 'muted number', datetime: item.time }, format.seconds(item.time, nowMs)),
        h(Icon, { tone: item.tone, label: texts.tone[item.tone] }),
        h('span', { class: 'feed-text' }, item.text),
      ),
    ),
  )
}
