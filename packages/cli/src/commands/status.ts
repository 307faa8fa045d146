import { formatDuration } from '@nightshift/shared/config/scalars'
import { BusError, ContractError, describeError } from '@nightshift/shared/errors'
import { findDataFolder } from '../data-folder/data-path.ts'
import { readRunFile } from '../data-folder/run-file.ts'
import { askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { isOpen, type AlertStanding } from '../status/alert-standing.ts'
import { describeFleet, type FleetState } from '../status/describe-fleet.ts'
import { readFlags, type Command, type Terminal } from './command.ts'

const usage = `nightshift status [--json] [--data DIR | --console URL [--nats URL]]
  --nats URL: where to ask who took an alert on and what mutes it; with --console alone that is not known, and whatever fires counts
  Exit code 1 when an alert fires that nobody took on and nothing mutes`
const timeoutMs = 5000
const maxBodyBytes = 8_388_608

/** How things stand: hosts, services, checks, alerts; exit code 1 when something needs a person. */
export const status: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags(
      { usage },
      { args, options: { ...operatorFlags, console: { type: 'string' }, json: { type: 'boolean', default: false } } },
    )
    const run = values.console === undefined ? readRunFile(findDataFolder(values.data, terminal.env, terminal.cwd)) : undefined
    const consoleUrl = values.console ?? run?.console_url ?? ''
    const state = await fetchState(consoleUrl)
    const hasBus = run !== undefined || values.nats !== undefined
    const standings = hasBus && state.alerts.some(isFiring) ? await standingsOf(values, terminal) : new Map<string, AlertStanding>()
    if (values.json) {
      const alerts = state.alerts.map((alert) => ({ ...alert, ...standings.get(alert.fingerprint) }))
      terminal.out(JSON.stringify({ ...state, alerts }))
    } else {
      if (run !== undefined)
        terminal.out(
          `nightshift runs as process ${run.pid} since ${formatDuration(Math.round((Date.now() - Date.parse(run.started_at)) / 1000) * 1000)}, console ${run.console_url}`,
        )
      describeFleet(state, Date.now(), standings).forEach((line) => terminal.out(line))
    }
    return state.alerts.some((alert) => isFiring(alert) && isOpen(standings.get(alert.fingerprint) ?? {})) ? 1 : 0
  },
}

function isFiring({ state }: FleetState['alerts'][number]): boolean {
  return state === 'firing'
}

/** Who took an alert on and what mutes it, by fingerprint: that is the alerter's to say. Without one all count as open. */
async function standingsOf(
  flags: { data?: string | undefined; nats?: string | undefined },
  terminal: Terminal,
): Promise<Map<string, AlertStanding>> {
  try {
    const { alerts } = await askAlerter<{ alerts: (AlertStanding & { fingerprint: string })[] }>(flags, terminal, 'list')
    return new Map(alerts.map(({ fingerprint, muted, acked }) => [fingerprint, { muted: muted ?? null, acked: acked ?? null }]))
  } catch (error) {
    terminal.err(`what is muted or taken on is not known: ${describeError(error)}`)
    return new Map()
  }
}

async function fetchState(consoleUrl: string): Promise<FleetState> {
  let response: Response
  try {
    response = await fetch(new URL('/api/v1/state', consoleUrl), { signal: AbortSignal.timeout(timeoutMs) })
  } catch (cause) {
    throw new BusError('no_console', `the console at ${consoleUrl} does not answer; is it running?`, { cause, transient: true })
  }
  const text = await response.text()
  if (!response.ok || text.length > maxBodyBytes)
    throw new ContractError('console_reply', `the console answered ${response.status}: ${text.slice(0, 300)}`)
  return JSON.parse(text) as FleetState
}
