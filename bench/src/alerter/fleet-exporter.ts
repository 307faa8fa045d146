import { createServer } from 'node:http'
import { groupNames, groups, hostName } from './fleet.ts'

/** The same values as pages for a Prometheus, a tenth of the fleet on each port: `node fleet-exporter.ts PORTS HOSTS`. */
const [ports = '', hosts = ''] = process.argv.slice(2)
const all = ports.split(',').map(Number)

for (const [index, port] of all.entries()) {
  createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    for (let host = index; host < Number(hosts); host += all.length) response.write(pageOf(hostName(host)))
    response.end()
  }).listen(port, '127.0.0.1')
}
process.stdout.write('exporting\n')

function pageOf(host: string): string {
  return groupNames.flatMap((group) => groups[group].map((field) => `${group}_${field}{host="${host}"} ${Math.random()}\n`)).join('')
}
