import { formatDuration } from '@nightshift/shared/config/scalars'
import { BusError, ContractError } from '@nightshift/shared/errors'
import { findDataFolder } from '../data-folder/data-path.ts'
import { readRunFile } from '../data-folder/run-file.ts'
import { describeFleet, type FleetState } from '../status/describe-fleet.ts'
import { readFlags, type Command } from './command.ts'

const usage = 'nightshift status [--json] [--data DIR | --console URL]'
const timeoutMs = 5000
const maxBodyBytes = 8_388_608

/** How things stand: hosts, services, checks, alerts; exit code 1 when something needs a person. */
export const status: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags(
      { usage },
      { args, options: { data: { type: 'string' }, console: { type: 'string' }, json: { type: 'boolean', default: false } } },
    )
    const run = values.console === undefined ? readRunFile(findDataFolder(values.data, terminal.env, terminal.cwd)) : undefined
    const consoleUrl = values.console ?? run?.console_url ?? ''
    const state = await fetchState(consoleUrl)
    if (values.json) {
      terminal.out(JSON.stringify(state))
    } else {
      if (run !== undefined)
        terminal.out(
          `nightshift runs as process ${run.pid} since ${formatDuration(Math.round((Date.now() - Date.parse(run.started_at)) / 1000) * 1000)}, console ${run.console_url}`,
        )
      describeFleet(state, Date.now()).forEach((line) => terminal.out(line))
    }
    return state.alerts.some((alert) => alert.state === 'firing') ? 1 : 0
  },
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
