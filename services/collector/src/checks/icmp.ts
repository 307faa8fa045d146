import type { CheckConfig } from '../config.ts'
import { plainEnvironment, runChild } from '../children/bounded-child.ts'
import { failed, passed, unsupported, type CheckKind, type Outcome } from './check.ts'
import { durationText } from '../duration-text.ts'
import { parsePing, type PingAnswer } from '../network/ping-output.ts'

type IcmpCheckConfig = Extract<CheckConfig, { kind: 'icmp' }>

/** A host answers `ping`, which may open the socket that this needs; we may not. */
export const icmpCheck: CheckKind<'icmp'> = {
  kind: 'icmp',
  async run(config, { signal, timeoutMs }) {
    const { startError, stdout, stderr } = await runChild({ argv: pingArguments(config, timeoutMs), env: plainEnvironment(), signal })
    if (startError !== undefined) {
      return unsupported(`ping cannot be run here (${startError.code}): install it, on Debian by \`apt install iputils-ping\``)
    }
    const answer = parsePing(stdout)
    if (answer !== undefined && answer.sent > 0) return judge(config, answer)
    if (signal.aborted) return failed(`no answer from ${config.host} within ${durationText(timeoutMs)}`)
    return explain(config.host, stderr)
  },
}

/** Ends by itself before our own time is up, so that it tells what it counted. */
function pingArguments({ host, count }: IcmpCheckConfig, timeoutMs: number): string[] {
  const deadlineSeconds = String(Math.max(1, Math.floor((timeoutMs - 250) / 1000)))
  const deadline = process.platform === 'darwin' ? ['-t', deadlineSeconds] : ['-w', deadlineSeconds]
  return ['ping', '-n', '-q', '-c', String(count), '-i', '0.2', ...deadline, host]
}

function judge({ host, max_loss: mostLost, max_latency: slowest }: IcmpCheckConfig, answer: PingAnswer): Outcome {
  const { sent, received, averageMs, maxMs } = answer
  const lost = 1 - Math.min(received, sent) / sent
  const detail = {
    sent,
    received,
    loss_ratio: Math.round(lost * 1e4) / 1e4,
    ...(averageMs === undefined ? {} : { rtt_avg_seconds: averageMs / 1000 }),
    ...(maxMs === undefined ? {} : { rtt_max_seconds: maxMs / 1000 }),
  }
  if (received === 0) return failed(`${host} does not answer to ping: it is down, or a firewall drops the packets`, detail)
  if (lost > mostLost) return failed(`${host} answered ${received} of ${sent} packets`, detail)
  if (slowest !== undefined && averageMs !== undefined && averageMs > slowest) {
    return failed(`${host} answers in ${durationText(averageMs)}, slower than the ${durationText(slowest)} that are allowed`, detail)
  }
  return passed(detail)
}

/** What ping says when it did not even begin. */
function explain(host: string, stderr: string): Outcome {
  const said = stderr.trim().split('\n')[0]?.slice(0, 200) ?? ''
  if (/not permitted|permission denied|lacking privilege|are you root/i.test(said)) {
    return unsupported(`ping may not send here (${said}): give it cap_net_raw, or widen net.ipv4.ping_group_range`)
  }
  if (/not known|no address|unknown host|bad address|cannot resolve|name resolution/i.test(said)) {
    return failed(`no such host: DNS does not know ${host}`)
  }
  if (/unreachable/i.test(said)) return failed(`no route to ${host}: ${said}`)
  return failed(said === '' ? `ping says nothing about ${host}` : `ping fails: ${said}`)
}
