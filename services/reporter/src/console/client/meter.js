import { h } from 'preact'
import { Icon } from './icon.js'

/**
 * A bar with its name and number; a raised level also has a sign and a word.
 * @param {{ name: string, ratio: number | null | undefined, level: import('./levels.js').Level, aside: import('preact').ComponentChildren, view: import('./view.js').View }} props
 */
export function Meter({ name, ratio, level, aside, view: { texts, format } }) {
  const known = ratio !== null && ratio !== undefined
  const percent = known ? Math.min(100, Math.max(0, ratio * 100)) : 0
  const word = level === 'ok' ? '' : level === 'warning' ? texts.high : texts.critical
  const text = known ? format.percent(ratio) : texts.unreadable
  return h(
    'div',
    { class: `meter level-${level}` },
    h('span', { class: 'meter-name', title: name }, name),
    h(
      'span',
      {
        class: 'meter-bar',
        role: 'meter',
        'aria-label': name,
        'aria-valuemin': 0,
        'aria-valuemax': 100,
        'aria-valuenow': Math.round(percent),
        'aria-valuetext': `${text} ${word}`,
      },
      h('span', { class: 'meter-fill', style: { width: `${percent}%` } }),
    ),
    h('span', { class: 'meter-value', title: word }, level === 'ok' ? null : h(Icon, { tone: level, label: word }), text),
    h('span', { class: 'meter-aside' }, aside),
  )
}
