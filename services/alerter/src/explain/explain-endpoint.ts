import type { Endpoint } from '@nightshift/shared/bus/bus'
import { ContractError } from '@nightshift/shared/errors'
import { explainAlert } from './explain-alert.ts'
import type { Standing } from './standing.ts'

const leastLength = 4

/** `explain`: why people hear, or do not hear, of an alert. */
export function explainEndpoint(standing: () => Promise<Standing>): Endpoint {
  return {
    verb: 'explain',
    description: 'Why people hear, or do not hear, of an alert: {"alert": "<fingerprint>"}',
    handle: async (request) => {
      const alert = typeof request === 'object' && request !== null && 'alert' in request ? request.alert : undefined
      if (typeof alert !== 'string' || alert.length < leastLength)
        throw new ContractError('bad_request', `give at least ${leastLength} characters of the fingerprint; \`nightshift alerts\` shows it`)
      const now = await standing()
      const found = now.records.filter(({ series }) => series.fingerprint.startsWith(alert))
      if (found.length > 1) throw new ContractError('ambiguous_alert', `${found.length} alerts begin with ${alert}; give more of it`)
      const explained = found[0] === undefined ? undefined : explainAlert(found[0], now)
      if (explained === undefined)
        throw new ContractError('unknown_alert', `no alert begins with ${alert}; \`nightshift alerts\` lists them`)
      return explained
    },
  }
}
