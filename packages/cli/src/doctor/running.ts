import { describeError } from '@nightshift/shared/errors'
import type { HealthReport } from '@nightshift/shared/service/health'
import { readRunFile } from '../data-folder/run-file.ts'
import type { Finding } from './finding.ts'

const timeoutMs = 5000

/** What the `up` of a data folder says about itself, if one runs. */
export async function examineRunning(dataFolder: string): Promise<Finding[]> {
  let consoleUrl: string
  try {
    consoleUrl = readRunFile(dataFolder).console_url
  } catch (error) {
    return [{ verdict: 'note', what: 'nothing runs here', advice: describeError(error).split(':')[0] ?? '' }]
  }
  try {
    const response = await fetch(new URL('/health', consoleUrl), { signal: AbortSignal.timeout(timeoutMs) })
    return examineHealth((await response.json()) as HealthReport)
  } catch (error) {
    return [{ verdict: 'bad', what: `${consoleUrl}/health does not answer`, advice: `${describeError(error)}; restart it` }]
  }
}

/** One finding per component of `GET /health`. */
function examineHealth(report: HealthReport): Finding[] {
  return Object.entries(report.components).map(([name, { status, ...detail }]) => {
    const reasons = Array.isArray(detail['reasons']) ? detail['reasons'].join('; ') : ''
    if (status === 'ok') return { verdict: 'good', what: name }
    return { verdict: status === 'critical' ? 'bad' : 'note', what: `${name} is ${status}`, advice: reasons || JSON.stringify(detail) }
  })
}
