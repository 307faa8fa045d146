import type { Received } from '@nightshift/shared/events/parse'

/** `12:00:05  alert   critical demo-web-down firing on web-1: ...`, local time. */
export function formatEvent(received: Received): string {
  const time = new Date(received.event.time).toLocaleTimeString('en-GB', { hour12: false })
  return `${time}  ${received.kind.padEnd(9)}${sentence(received)}`.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ')
}

function sentence(received: Received): string {
  const on = received.event.host === null ? '' : ` on ${received.event.host}`
  switch (received.kind) {
    case 'metric': {
      const { event } = received
      const fields = Object.entries(event.fields ?? {}).map(([name, value]) => `${name}=${value ?? '?'}`)
      return `${event.group}${on} ${[...fields, ...(event.items === undefined ? [] : [`${event.items.length} items`])].join(' ')}`
    }
    case 'check': {
      const { event } = received
      const latency = event.latency_seconds === null ? '' : ` in ${(event.latency_seconds * 1000).toFixed(1)} ms`
      return `${event.check}${on} ${event.ok === null ? 'unsupported' : event.ok ? `ok${latency}` : 'failed'}${because(event.error)}`
    }
    case 'agent':
      return `${received.event.service}${on} ${received.event.state}${received.event.reasons.length === 0 ? '' : `: ${received.event.reasons.join('; ')}`}`
    case 'health': {
      const { event } = received
      return `${event.check}${on} is ${event.state}${event.previous === null ? '' : `, was ${event.previous}`}${because(event.error)}`
    }
    case 'alert': {
      const { event } = received
      return `${event.severity} ${event.rule} ${event.phase}${on}: ${event.summary}${event.reason === null ? '' : ` (${event.reason})`}`
    }
    case 'notify': {
      const { event } = received
      return `${event.channel} ${event.outcome}: ${event.subject}${event.attempt > 1 ? `, attempt ${event.attempt}` : ''}${because(event.error)}`
    }
    case 'heal': {
      const { event } = received
      const attempt = event.attempt > 0 ? `attempt ${event.attempt} of ${event.max_attempts}` : ''
      const isSaid = attempt === '' || event.reason?.includes(attempt) === true
      return `${event.playbook} ${event.phase}${on}${isSaid ? '' : `, ${attempt}`}${because(event.reason)}`
    }
    case 'backup':
      return `${received.event.job} ${received.event.phase}${on}${because(received.event.error)}`
    case 'report':
      return `${received.event.period} ${received.event.phase}: ${received.event.verdict}`
    case 'change':
      return `${received.event.what}${on} by ${received.event.actor}: ${received.event.summary}`
    case 'log':
      return `${received.event.level} ${received.event.log_source}${on}: ${received.event.message}${received.event.count > 1 ? ` (${received.event.count} times)` : ''}`
    case 'progress':
      return `${received.event.job}${on} ${received.event.step}`
    case 'audit':
      return `${received.event.actor} ${received.event.action} ${received.event.target}: ${received.event.outcome}${because(received.event.reason)}`
    case 'dead':
      return `${received.event.service} could not process ${received.event.subject}: ${received.event.message}`
  }
}

function because(reason: string | null): string {
  return reason === null ? '' : `: ${reason}`
}
