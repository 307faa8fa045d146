import { renderAsyncApi } from './asyncapi.ts'
import { renderEventsPage } from './events-page.ts'
import { renderJsonSchemas } from './json-schemas.ts'
import { renderMetricsPage } from './metrics-page.ts'

/** Every generated file of the repository, by path. */
export function renderDocuments(): Map<string, string> {
  return new Map([
    ['docs/events.md', renderEventsPage()],
    ['docs/metrics.md', renderMetricsPage()],
    ['docs/asyncapi.yaml', renderAsyncApi()],
    ...renderJsonSchemas(),
  ])
}
