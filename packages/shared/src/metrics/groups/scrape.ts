import { gauge, type Group } from '../field.ts'

/** How the scrapes of applications went. What the applications say is in the open groups `app_<job>`. */
export const scrapeGroups = {
  scrape: {
    help: 'Targets of the scrape jobs, each with its last scrape',
    fields: {},
    items: {
      labels: ['job', 'instance'],
      fields: {
        up: gauge('1 when the last scrape gave a page, 0 when it did not; null before the first'),
        duration_seconds: gauge('Time from the request to the end of the page'),
        body_bytes: gauge('Size of the page, unpacked; null while it is down'),
        series: gauge('Items that the page gave; null while it is down'),
        dropped_series: gauge('Samples left out because of max_series; null while it is down'),
        bad_lines: gauge('Lines or values that could not be read; null while it is down'),
      },
    },
  },
} as const satisfies Record<string, Group>
