import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NatsConnection } from '@nats-io/transport-node'
import { connectUrl } from '@nightshift/cli/operator/connect-operator'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, startUp } from './stories/up-process.ts'

type AlertEvent = Extract<Received, { kind: 'alert' }>['event']

/** An application under watch; a test moves what it measures. */
const app = { requests: 1000, errors: 0, clients: 3, isUp: true }
let server: Server
let data: string
let connection: NatsConnection | undefined
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'nightshift-scrape-'))
  server = createServer((_request, response) => {
    app.requests += 20
    response.writeHead(app.isUp ? 200 : 503, { 'content-type': 'text/plain; version=0.0.4' })
    response.end(`# TYPE http_requests_total counter
http_requests_total{route="/pay",code="200"} ${app.requests}
http_requests_total{route="/pay",code="500"} ${app.errors}
# TYPE websocket_connections gauge
websocket_connections ${app.clients}
`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  await connection?.close()
  connection = undefined
  await endAll([data])
  server.closeAllConnections()
  server.close()
  rmSync(data, { recursive: true, force: true })
})

test('a value and a rate of an application that cross their thresholds alert, and a dead target resolves nothing', async () => {
  const { port } = server.address() as AddressInfo
  writeFileSync(
    join(data, 'nightshift.yaml'),
    `collector:
  scrape:
    shop: { url: "http://127.0.0.1:${port}/metrics", every: 250ms }
alerter:
  default_rules: false
  rules:
    nobody-watches: { metric: app_shop.websocket_connections, below: 1, severity: critical }
    payments-fail: { metric: app_shop.http_requests_total.rate_per_second, above: { warning: 5 }, where: { code: "5*" } }
    shop-unseen: { metric: scrape.up, below: 1, for: 1s }
`,
    { mode: 0o600 },
  )
  const up = await startUp(data)
  connection = await connectUrl(up.run.nats_url)
  const alerts: AlertEvent[] = []
  connection.subscribe('ops.alert.>', {
    callback: (_error, message) => {
      const received = parseEvent(message.subject, message.data)
      if (received.kind === 'alert') alerts.push(received.event)
    },
  })
  const phases = (rule: string): string[] => alerts.filter((event) => event.rule === rule).map(({ phase }) => phase)
  let messages = 0
  connection.subscribe('ops.metric.*.app_shop', { callback: () => void messages++ })
  await vi.waitFor(() => expect(messages).toBeGreaterThan(3), 15_000)
  expect(alerts).toEqual([])

  app.clients = 0
  await vi.waitFor(() => expect(phases('nobody-watches')).toEqual(['firing']), 10_000)
  expect(alerts[0]).toMatchObject({
    severity: 'critical',
    value: 0,
    threshold: 1,
    summary: expect.stringContaining('app_shop.websocket_connections on '),
  })

  const failing = setInterval(() => (app.errors += 10), 100)
  await vi.waitFor(() => expect(phases('payments-fail')).toEqual(['firing']), 10_000)
  clearInterval(failing)
  expect(alerts.at(-1)).toMatchObject({ severity: 'warning', labels: { route: '/pay', code: '500' } })
  await vi.waitFor(() => expect(phases('payments-fail')).toEqual(['firing', 'resolved']), 10_000)

  app.isUp = false
  await vi.waitFor(() => expect(phases('shop-unseen').at(-1)).toBe('firing'), 15_000)
  expect(phases('nobody-watches')).toEqual(['firing'])
  app.isUp = true
  app.clients = 2
  await vi.waitFor(() => expect(phases('nobody-watches')).toEqual(['firing', 'resolved']), 10_000)
  await vi.waitFor(() => expect(phases('shop-unseen').at(-1)).toBe('resolved'), 10_000)
})
