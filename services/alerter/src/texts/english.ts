import { contactText, type Words } from './words.ts'

export const english: Words = {
  severity: { critical: 'Critical', warning: 'Warning', info: 'Notice' },
  occasion: {
    new: 'New',
    changed: 'Changed',
    resolved: 'Resolved',
    repeated: 'Still firing',
    escalated: 'Escalated',
    acked: 'Acknowledged',
    flapping: 'Comes and goes',
    summary: 'Summary',
  },
  fleet: 'the fleet',
  unknown: 'unknown',
  fact: ({ summary }) => summary,
  since: (time) => `since ${time}`,
  more: (count) => `and ${count} more`,
  ruleOn: (rule, host) => `${rule} on ${host ?? 'the fleet'}`,
  counts: (firing, resolved) =>
    [firing > 0 ? `${firing} firing` : '', resolved > 0 ? `${resolved} resolved` : ''].filter((part) => part !== '').join(', '),
  level: (level, { respond, cause, recover }) => {
    const by = [respond && `respond by ${respond}`, cause && `cause by ${cause}`, recover && `recover by ${recover}`].filter(Boolean)
    return `Incident level ${level}${by.length === 0 ? '' : `: ${by.join(', ')}`}`
  },
  called: (contacts) => `Called: ${contacts.map(contactText).join(', ')}`,
  breach: { title: 'Server resource warning', time: 'Time' },
  backupDone: (name) => `Backup complete: \`${name}\``,
  backupDetail: (size, added, lasting) => `${size}${added === null ? '' : `, ${added} new`}, in ${lasting}`,
  test: (channel, actor) => `${actor} tests the channel ${channel}: messages of Nightshift arrive here`,
  footer: (timezone) => `Times are of ${timezone}. Sent by Nightshift.`,
  runbook: 'Runbook',
  takeOn: 'Take it on',
  reason: (reason) => reason,
}
