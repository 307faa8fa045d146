import { h, render } from 'preact'
import { keepConnected } from './connection.js'
import { createFormat } from './format.js'
import { emptyState, mergeMessage } from './live-state.js'
import { Page } from './page.js'
import { findTexts } from './texts.js'
import { judge } from './verdict.js'

const locale = document.documentElement.lang
const texts = findTexts(locale)
const format = createFormat(locale, texts)
const root = /** @type {HTMLElement} */ (document.getElementById('app'))

let state = emptyState()
/** @type {import('./connection.js').Connection} */
let connection = { phase: 'connecting', lastMessageMs: 0 }
let isDrawn = true

function draw() {
  isDrawn = true
  const nowMs = (connection.phase === 'live' || connection.lastMessageMs === 0 ? Date.now() : connection.lastMessageMs) + state.skewMs
  const view = { entries: state.entries, status: state.status, connection, texts, format, nowMs }
  const { tone, text } = judge(view)
  document.title = `${tone === 'ok' || tone === 'info' ? '' : '● '}${text} – ${state.status?.title ?? document.body.dataset['title']}`
  render(h(Page, { view }), root)
}

function drawSoon() {
  if (!isDrawn) return
  isDrawn = false
  setTimeout(draw)
}

keepConnected(
  '/api/v1/stream',
  (message, isSnapshot) => {
    if (!import.meta.url.includes(`/${message.status.build}/`)) location.reload()
    state = mergeMessage(state, message, isSnapshot, Date.now())
  },
  (change) => {
    connection = change
    drawSoon()
  },
)
setInterval(drawSoon, 1000)
draw()
