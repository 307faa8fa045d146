import { formatDuration } from '@nightshift/shared/config/scalars'
import type { Received } from '@nightshift/shared/events/parse'
import { fillText, findText, translate, type EventTextKey, type Locale } from './event-texts.ts'
import { clip, type FeedItem } from './model.ts'

const maxSentenceLength = 400
const maxValueLength = 240

/** Kinds of the EVENTS stream: what a person wants to read about. */
type Told = Extract<Received, { kind: 'health' | 'alert' | 'notify' | 'heal' | 'backup' | 'report' | 'change' }>

/** One line of the feed: one sentence for a person, or undefined for what goes by each second. */
export function describeEvent(received: Received, locale: Locale): FeedItem | undefined {
  if (!isTold(received)) return undefined
  const host = 'host' in received.address ? received.address.host : null
  const values = { ...readValues(received, locale), host: host ?? findText('fleet', locale) }
  const sentence = fillText(findText(textKey(received), locale), values)
  const { id, time, correlation_id } = received.event
  return { id, time, kind: received.kind, host, tone: toneOf(received), text: clip(sentence, maxSentenceLength), correlation_id }
}

function isTold(received: Received): received is Told {
  return ['health', 'alert', 'notify', 'heal', 'backup', 'report', 'change'].includes(received.kind)
}

function textKey(received: Told): EventTextKey {
  switch (received.kind) {
    case 'health': {
      const { state, previous } = received.event
      return state === 'ok' && previous !== null && previous !== 'removed' ? 'health.ok_again' : `health.${state}`
    }
    case 'alert':
      return `alert.${received.event.phase}`
    case 'notify':
      return `notify.${received.event.outcome}`
    case 'heal':
      return `heal.${received.event.phase}`
    case 'backup':
      return `backup.${received.event.phase}`
    case 'report':
      return `report.${received.event.phase}`
    case 'change':
      return 'change'
  }
}

function toneOf(received: Told): FeedItem['tone'] {
  switch (received.kind) {
    case 'health':
      return ({ ok: 'ok', failing: 'critical', unknown: 'warning', removed: 'info' } as const)[received.event.state]
    case 'alert': {
      const { phase, severity } = received.event
      if (phase === 'resolved') return 'ok'
      return phase === 'acked' || phase === 'pending' ? 'info' : severity
    }
    case 'notify':
      return ({ delivered: 'info', deferred: 'warning', failed: 'warning', dead: 'critical' } as const)[received.event.outcome]
    case 'heal':
      return (
        {
          held: 'warning',
          diagnosing: 'info',
          acting: 'info',
          verifying: 'info',
          recovered: 'ok',
          failed: 'warning',
          escalated: 'critical',
        } as const
      )[received.event.phase]
    case 'backup':
      if (received.event.phase === 'failed' || received.event.phase.endsWith('_failed')) return 'critical'
      return received.event.phase === 'started' || received.event.phase === 'pruned' ? 'info' : 'ok'
    case 'report':
    case 'change':
      return 'info'
  }
}

/** The fields of the event as text, cut; codes of the contract in the reader's language. */
function readValues(received: Told, locale: Locale): Record<string, string> {
  const event: Readonly<Record<string, unknown>> = received.event
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(event)) {
    if (typeof value === 'string') values[name] = clip(translate(value, locale), maxValueLength)
    else if (typeof value === 'number') values[name] = String(value)
  }
  const seconds = event['duration_seconds']
  if (typeof seconds === 'number') values['duration'] = formatDuration(Math.round(seconds * 10) * 100)
  return values
}
