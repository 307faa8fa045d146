import { describeError } from '@nightshift/shared/errors'
import type { CheckConfig } from '../config.ts'
import { insideRoot } from '../procfs/host-paths.ts'
import { failed, passed, unsupported, type CheckKind, type Outcome } from './check.ts'
import { durationText } from '../duration-text.ts'
import { readUnit } from './units/systemd-unit.ts'
import type { Unit } from './units/unit.ts'

type SystemdCheckConfig = Extract<CheckConfig, { kind: 'systemd' }>

/** A unit of systemd is in a good state. */
export const systemdCheck: CheckKind<'systemd'> = {
  kind: 'systemd',
  async run(config, { host, signal, timeoutMs }) {
    const socket = insideRoot(host, config.bus_socket ?? '/run/dbus/system_bus_socket')
    try {
      const unit = await readUnit(config.unit, socket, host, signal)
      return 'missing' in unit ? unsupported(unit.missing) : judge(config, unit)
    } catch (error) {
      if (signal.aborted) return failed(`systemd did not answer within ${durationText(timeoutMs)}`)
      return explain(error, config.unit, socket)
    }
  },
}

function explain(error: unknown, unit: string, socket: string): Outcome {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const name = error instanceof Error && 'dbusName' in error ? error.dbusName : undefined
  if (name === 'org.freedesktop.DBus.Error.ServiceUnknown')
    return unsupported(`nobody is systemd on the bus at ${socket}: this machine does not run it`)
  if (name === 'org.freedesktop.DBus.Error.AccessDenied')
    return unsupported(`systemd refuses to tell this user of ${unit}: ${describeError(error)}`)
  if (code === 'EACCES' || code === 'EPERM') return unsupported(`the bus at ${socket} may not be used: let the collector's user open it`)
  if (code === 'ECONNREFUSED') return failed(`nobody listens on the bus at ${socket}: \`systemctl status dbus\` says why`)
  return failed(`systemd cannot be asked about ${unit}: ${describeError(error).slice(0, 300)}`)
}

function judge({ unit: name, states, sub_states: subStates, max_restarts: most }: SystemdCheckConfig, unit: Unit): Outcome {
  const { loadState, activeState, subState, result, restarts } = unit
  const detail = {
    load_state: loadState,
    active_state: activeState,
    sub_state: subState,
    ...(result === undefined ? {} : { result }),
    ...(restarts === undefined ? {} : { restarts }),
  }
  if (loadState === 'not-found') return failed(`there is no unit ${name} on this machine`, detail)
  if (loadState === 'masked') return failed(`${name} is masked: \`systemctl unmask ${name}\` allows it again`, detail)
  if (loadState !== 'loaded') return failed(`${name} cannot be loaded (${loadState}): look at its unit file`, detail)
  if (!(states as readonly string[]).includes(activeState)) {
    const why = result === undefined || result === 'success' ? '' : `, result ${result}`
    return failed(`${name} is ${activeState} (${subState}${why}); \`journalctl -u ${name}\` says more`, detail)
  }
  // The last run of a service that runs now and then.
  if (activeState === 'inactive' && result !== undefined && result !== 'success') {
    return failed(`the last run of ${name} ended with ${result}; \`journalctl -u ${name}\` says more`, detail)
  }
  if (subStates !== undefined && !subStates.includes(subState)) {
    return failed(`${name} is ${activeState} (${subState}), expected ${subStates.join(' or ')}`, detail)
  }
  if (most !== undefined && restarts !== undefined && restarts > most) {
    return failed(`${name} was restarted ${restarts} times by systemd, more than ${most}; \`journalctl -u ${name}\` says why`, detail)
  }
  return passed(detail)
}
