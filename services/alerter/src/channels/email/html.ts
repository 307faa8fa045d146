import type { AlertEvent } from '@nightshift/shared/events/alert'
import { isFiring } from '../../group/group.ts'
import type { Notification } from '../../notify/notification.ts'
import type { Texts } from '../../texts/texts.ts'
import { isOpen } from './plain.ts'

/** White letters can be read on each of these, in a light and in a dark mail program. */
const colors = { critical: '#b3261e', warning: '#8a5a00', info: '#0b57a4', resolved: '#1b6e3c' } as const
/** Readers cut off a mail of more than 100 KB; with twenty alerts this keeps far below. */
const maxFactLength = 400

const style = `
body{margin:0;padding:0;background:#f2f3f5}
.page{background:#f2f3f5;color:#1f2328;font:15px/1.5 -apple-system,"Segoe UI","Noto Sans KR","Apple SD Gothic Neo",Roboto,sans-serif}
.card{background:#ffffff;border:1px solid #d8dce2}
.row{border-top:1px solid #e6e8ec}
.quiet{color:#59636e}
.track{background:#e6e8ec}
@media (prefers-color-scheme:dark){
body,.page{background:#15181c;color:#e6e8eb}
.card{background:#1f242a;border-color:#363d46}
.row{border-color:#363d46}
.quiet{color:#a3adb8}
.track{background:#363d46}
a{color:#8ab4f8}
}`

/** The mail for those who read pictures. Everything is in it: nothing is loaded from anywhere, and nobody sees who opens it. */
export function htmlMail(notification: Notification, texts: Texts, nowMs: number): string {
  const { event, message } = notification
  const color = message.firing === 0 ? colors.resolved : colors[message.worst]
  const title = texts.heading(notification)
  const notes = [texts.levelLine(notification), texts.contactsLine(notification), texts.when(nowMs)].filter((line) => line !== null)
  const hidden = message.firing + message.resolved - message.alerts.length
  const more = hidden > 0 ? cellRow(escape(texts.more(hidden)), 'quiet') : ''
  return `<!doctype html>
<html lang="${texts.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>${escape(title)}</title><style>${style}</style></head>
<body><div style="display:none;max-height:0;overflow:hidden">${escape(texts.oneLine(notification))}</div>
<table role="presentation" class="page" width="100%" cellspacing="0" cellpadding="0"><tr><td align="center" style="padding:16px 8px">
<table role="presentation" class="card" width="600" cellspacing="0" cellpadding="0" style="max-width:600px;width:100%">
<tr><td style="background:${color};color:#ffffff;padding:14px 20px;font-size:18px;font-weight:600">${escape(title)}</td></tr>
${cellRow(notes.map(escape).join('<br>'), 'quiet')}
${figureRows(notification)}
${message.alerts.map((each) => alertRow(each, texts)).join('\n')}
${more}
${isOpen(notification) ? cellRow(`<code>${escape(texts.ackLine(event))}</code>`, 'quiet') : ''}
</table>
<p class="quiet" style="font-size:12px">${escape(texts.footer)}</p>
</td></tr></table></body></html>
`
}

function alertRow(event: AlertEvent, texts: Texts): string {
  const color = isFiring(event) ? colors[event.severity] : colors.resolved
  const state = isFiring(event) ? texts.severityWord(event.severity) : texts.occasionWord('resolved')
  const since = isFiring(event) ? texts.since(event) : event.reason === null ? '' : texts.reasonWord(event.reason)
  const facts = [event.rule, since].filter((fact) => fact !== '').map(escape)
  const runbook = event.runbook === null ? [] : [runbookLink(event.runbook, texts.runbookWord)]
  const badge = `<span style="background:${color};color:#ffffff;padding:1px 7px;font-size:12px">${escape(state)}</span>`
  return cellRow(
    `${badge} ${escape(cut(texts.fact(event)))}<br><span class="quiet" style="font-size:13px">${[...facts, ...runbook].join(' · ')}</span>`,
  )
}

/** A path is no address: it is named, not linked. */
function runbookLink(runbook: string, word: string): string {
  const isLink = /^https?:\/\/[^\s"'<>]+$/.test(runbook)
  return isLink ? `<a href="${escape(runbook)}">${escape(word)}</a>` : `${escape(word)}: ${escape(cut(runbook))}`
}

/** CPU, memory and disk of the host, each as a bar. */
function figureRows({ message: { figures } }: Notification): string {
  if (figures === null) return ''
  const bars: [string, number | null][] = [
    ['CPU', figures.cpu_ratio],
    ['Memory', figures.memory_ratio],
    ['Disk', figures.disk_ratio],
  ]
  const rows = bars.map(([name, ratio]) => {
    const percent = ratio === null ? 0 : Math.max(0, Math.min(100, Math.round(ratio * 100)))
    const color = percent > 90 ? colors.critical : percent > 80 ? colors.warning : colors.resolved
    const filled = `<td style="background:${color};font-size:1px;line-height:8px" width="${percent}%">&nbsp;</td>`
    const bar = `<table role="presentation" class="track" width="100%" cellspacing="0" cellpadding="0"><tr>${percent === 0 ? '' : filled}<td style="font-size:1px;line-height:8px">&nbsp;</td></tr></table>`
    return `<tr><td width="80" style="padding:3px 0">${name}</td><td>${bar}</td><td width="60" align="right">${ratio === null ? '–' : `${percent}%`}</td></tr>`
  })
  return cellRow(`<table role="presentation" width="100%" cellspacing="0" cellpadding="0">${rows.join('')}</table>`)
}

function cellRow(html: string, className = ''): string {
  return `<tr><td class="row ${className}" style="padding:12px 20px">${html}</td></tr>`
}

function cut(text: string): string {
  return text.length > maxFactLength ? `${text.slice(0, maxFactLength)}…` : text
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}
