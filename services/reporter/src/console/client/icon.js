import { h } from 'preact'

/** Shape and word besides the colour, so that a state is never told by colour alone. @typedef {'ok' | 'info' | 'warning' | 'critical' | 'unknown' | 'busy'} Tone */

/** @type {Record<Tone, string>} */
const shapes = {
  ok: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM4.9 8.2l2.2 2.2 4-4.4',
  info: 'M8 5.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8Z',
  warning: 'M8 1.8 15 14H1ZM8 6.2v3.6M8 11.8v.1',
  critical: 'M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2ZM8 4.6v4M8 11.2v.1',
  unknown: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM6.2 6.3c.2-2.4 3.8-2.2 3.6.1C9.7 7.7 8 7.6 8 9.2M8 11.4v.1',
  busy: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM8 4.4V8l2.4 1.6',
}

/** @param {{ tone: Tone, label?: string }} props */
export function Icon({ tone, label }) {
  const name = label === undefined ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label }
  return h('svg', { class: `icon tone-${tone}`, viewBox: '0 0 16 16', ...name }, h('path', { d: shapes[tone] }))
}
