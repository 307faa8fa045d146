import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serviceRoute } from '@nightshift/shared/service/probe-routes'
import { startHttp, type HttpServer } from '@nightshift/shared/service/http-server'
import { prometheusObstacle, startPrometheus, type PeerServer } from '@nightshift/test-servers/prometheus'
import { AlerterBed, until } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'
import { silentLog } from '../silent-log.ts'

const obstacle = prometheusObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: a real Prometheus tells us of its alerts: ${obstacle}\n`)

let bed: AlerterBed
let receiver: Receiver
let exporter: Server
let gauge = 0
let http: HttpServer | undefined
let prometheus: PeerServer | undefined
beforeEach(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
  exporter = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(`# TYPE queue_length gauge\nqueue_length{queue="orders"} ${gauge}\n`)
  })
  exporter.listen(0, '127.0.0.1')
  await once(exporter, 'listening')
})
afterEach(async () => {
  await prometheus?.stop()
  await http?.close(100)
  exporter.close()
  exporter.closeAllConnections()
  await bed.close()
  await receiver.stop()
})

const rule = {
  alert: 'Queue is long',
  expr: 'queue_length > 100',
  labels: { severity: 'page', nodename: 'Orders-1' },
  annotations: { summary: 'queue {{ $labels.queue }} has {{ $value }} entries' },
}

test.skipIf(obstacle !== undefined)(
  'a real Prometheus has us as its Alertmanager: its alert fires and resolves through us',
  async () => {
    const alerter = await bed.startWorking({ default_rules: false, channels: { hook: { kind: 'webhook', url: receiver.url } } })
    http = await startHttp({ address: '127.0.0.1', port: 0, routes: [serviceRoute(alerter)], log: silentLog })
    const targets = [`127.0.0.1:${(exporter.address() as AddressInfo).port}`]
    const alertmanager = `127.0.0.1:${http.port}`
    prometheus = await startPrometheus({ targets, rules: [rule], alertmanager, pathPrefix: '/alertmanager' })
    gauge = 250
    const seen = () => [bed.phases, prometheus?.log()]
    await until(() => receiver.requests.length === 1, seen, 20_000)
    expect(bed.alerts[0]).toMatchObject({
      rule: 'queue_20is_20long',
      phase: 'firing',
      severity: 'critical',
      host: 'orders-1',
      summary: 'queue orders has 250 entries',
      labels: { alertname: 'Queue is long', queue: 'orders', job: 'tested', severity: 'page' },
    })
    gauge = 3
    await until(() => receiver.requests.length === 2, seen, 20_000)
    expect(bed.alerts.map(({ phase, reason }) => [phase, reason])).toEqual([
      ['firing', null],
      ['resolved', 'recovered'],
    ])
    expect(receiver.keys.size).toBe(2)
  },
  60_000,
)
