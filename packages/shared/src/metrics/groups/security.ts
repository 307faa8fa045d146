import { gauge, type Group } from '../field.ts'

/** What the security posture says about a host. */
export const securityGroups = {
  security: {
    help: 'Security posture: what is not as it should be, and what changed',
    fields: {
      all_findings: gauge('Findings of all aspects together'),
      all_differences: gauge('Differences from what was seen before that still count as new, of all aspects together'),
      certificate_expiry_seconds: gauge('Time until the first of the listed certificates expires; negative when it has'),
      failed_logins: gauge('Failed logins within the window, from the record of the system'),
    },
    items: {
      labels: ['aspect'],
      fields: {
        findings: gauge('What is not as it should be'),
        differences: gauge('Differences that still count as new'),
        looked_at: gauge('Things that were looked at: files, ports, accounts, rules'),
        unreadable: gauge('Things that could not be looked at; the result of the check says why'),
        look_seconds: gauge('How long the last look took'),
      },
    },
  },
} as const satisfies Record<string, Group>
