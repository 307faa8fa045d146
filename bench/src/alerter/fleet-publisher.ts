import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { connectUrl } from '@nightshift/cli/operator/connect-operator'
import { groupNames, groups, hostName, tickMs } from './fleet.ts'

/** Publishes what a fleet would, spread evenly over each tick, in a process of its own: `node fleet-publisher.ts URL HOSTS`. */
const [url = '', hosts = ''] = process.argv.slice(2)
const messagesPerTick = Number(hosts) * groupNames.length
const stepMs = 20
const connection = await connectUrl(url)
const startedMs = performance.now()
let sent = 0
setInterval(() => {
  const due = Math.floor(((performance.now() - startedMs) / tickMs) * messagesPerTick)
  for (; sent < due; sent++) publish(sent)
}, stepMs)
process.stdout.write('publishing\n')

function publish(message: number): void {
  const host = hostName(Math.floor(message / groupNames.length) % Number(hosts))
  const group = groupNames[message % groupNames.length] ?? 'cpu'
  const nowMs = Date.now()
  const id = newId(nowMs)
  const fields = Object.fromEntries(groups[group].map((field) => [field, Math.random()]))
  const event = { v: 1, id, time: isoTime(nowMs), host, source: `collector@${host}`, correlation_id: id, group, fields }
  connection.publish(`ops.metric.${host}.${group}`, JSON.stringify(event))
}
