import { request as httpRequest } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serviceRoute } from '@nightshift/shared/service/probe-routes'
import { startHttp, type HttpServer } from '@nightshift/shared/service/http-server'
import { isoTime } from '@nightshift/shared/clock'
import { AlerterBed, until } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'
import { silentLog } from '../silent-log.ts'

let bed: AlerterBed
let receiver: Receiver
let http: HttpServer | undefined
beforeEach(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
  await serve()
})
afterEach(async () => {
  await http?.close(100)
  await bed.close()
  await receiver.stop()
})

async function serve(): Promise<{ stop(): Promise<void> }> {
  const alerter = await bed.startWorking({ channels: { hook: { kind: 'webhook', url: receiver.url } } })
  http = await startHttp({ address: '127.0.0.1', port: 0, routes: [serviceRoute(alerter)], log: silentLog })
  return alerter
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const type = text === undefined ? {} : { 'content-type': 'application/json' }
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: unknown }>()
  const asked = httpRequest(`${http?.url}/api/v2/${path}`, { method, headers: { ...type, ...headers } }, (response) => {
    let answer = ''
    response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) }))
  })
  asked.on('error', reject)
  asked.end(text)
  return await promise
}

const inMs = (ms: number): string => isoTime(Date.now() + ms)
const diskFull = (change: object = {}) => ({
  labels: { alertname: 'DiskFull', instance: 'db-1:9100', severity: 'critical', mount: '/data' },
  annotations: { summary: 'the disk is full' },
  startsAt: inMs(-1000),
  generatorURL: 'http://prometheus:9090/graph',
  ...change,
})
const post = (...alerts: object[]) => call('POST', 'alerts', alerts)
const phases = () => bed.alerts.map(({ host, rule, phase }) => `${host} ${rule} ${phase}`)

describe('alerts that are posted', () => {
  it('fire once however often they are sent, and are over when their sender says so', async () => {
    for (let time = 0; time < 3; time++) expect(await post(diskFull({ endsAt: inMs(240_000) }))).toEqual({ status: 200, body: {} })
    await until(() => receiver.requests.length === 1)
    await post(diskFull({ endsAt: inMs(-1) }))
    await until(() => receiver.requests.length === 2)
    expect(phases()).toEqual(['db-1 DiskFull firing', 'db-1 DiskFull resolved'])
    expect(bed.alerts[1]).toMatchObject({ reason: 'recovered', severity: 'critical' })
    await post(diskFull({ endsAt: inMs(240_000) }))
    await until(() => receiver.keys.size === 3)
  })

  it('carry the runbook that their sender names, to people and over a restart', async () => {
    const runbook = 'https://wiki.example.com/runbooks/DiskFull'
    const annotations = { summary: 'the disk is full', runbook_url: runbook }
    await post(diskFull({ annotations, endsAt: inMs(240_000) }))
    await until(() => receiver.requests.length === 1)
    expect(JSON.stringify(receiver.requests[0])).toContain(runbook)
    await http?.close(100)
    await bed.stopAll()
    await serve()
    await post(diskFull({ annotations: {}, endsAt: inMs(-1) }))
    await until(() => bed.alerts.length === 2)
    expect(bed.alerts.map((alert) => `${alert.phase} ${alert.runbook}`)).toEqual([`firing ${runbook}`, `resolved ${runbook}`])
  })

  it('are over when their end passes, also when that was while nobody was there', async () => {
    await post(diskFull({ endsAt: inMs(1200) }), diskFull({ labels: { alertname: 'Slow', host: 'db-2' }, endsAt: inMs(240_000) }))
    await until(() => phases().length === 3)
    expect(bed.alerts.at(-1)).toMatchObject({ phase: 'resolved', rule: 'DiskFull', reason: 'its sender did not send it again' })
    await post(diskFull({ endsAt: inMs(1500) }))
    await until(() => phases().length === 4)
    await http?.close(100)
    await bed.stopAll()
    await new Promise((resolve) => setTimeout(resolve, 1600))
    await serve()
    await until(() => phases().length === 5)
    expect(phases().filter((phase) => phase.startsWith('db-2'))).toEqual(['db-2 Slow firing'])
  })

  it('are kept alive by being sent again', async () => {
    for (let time = 0; time < 5; time++) {
      await post(diskFull({ endsAt: inMs(1500) }))
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    expect(phases()).toEqual(['db-1 DiskFull firing'])
  })

  it('that are sound are taken, and the others are named', async () => {
    const answer = await post(diskFull(), { labels: {} }, { labels: { alertname: 'x' }, endsAt: 'soon' })
    expect(answer).toMatchObject({ status: 400 })
    expect(answer.body).toMatch(/^1\.labels: .*; 2\.endsAt: /)
    await until(() => phases().length === 1)
    expect(await call('POST', 'alerts', '{')).toMatchObject({ status: 400, body: 'the body is not JSON' })
    expect(await call('POST', 'alerts', { not: 'a list' })).toMatchObject({ status: 400 })
  })

  it('are listed with our own, and found by filters', async () => {
    await post(diskFull({ endsAt: inMs(240_000) }))
    await bed.health('failing', 'web', 'web-1')
    await until(() => phases().length === 2)
    const { body } = await call('GET', 'alerts')
    expect(body).toMatchObject([
      { labels: { alertname: 'DiskFull', mount: '/data' }, annotations: { summary: 'the disk is full' }, status: { state: 'active' } },
      { labels: { alertname: 'check-failing', host: 'web-1', check: 'web' }, receivers: [{ name: 'hook' }] },
    ])
    const names = async (filter: string) =>
      ((await call('GET', `alerts?filter=${encodeURIComponent(filter)}`)).body as { labels: { alertname: string } }[]).map(
        ({ labels }) => labels.alertname,
      )
    expect(await names('alertname="DiskFull"')).toEqual(['DiskFull'])
    expect(await names('alertname=~"Disk.+|Other"')).toEqual(['DiskFull'])
    expect(await names('severity!~"warn.*"')).toHaveLength(2)
    expect(await names('alertname="Disk*"')).toEqual([])
  })
})

describe('silences of that API', () => {
  const silence = (change: object = {}) => ({
    matchers: [{ name: 'alertname', value: 'Disk(Full|Slow)', isRegex: true, isEqual: true }],
    startsAt: inMs(0),
    endsAt: inMs(600_000),
    createdBy: 'kim',
    comment: 'new disks',
    ...change,
  })

  it('keep quiet, are seen by the alerts they silence, and end', async () => {
    const { status, body } = await call('POST', 'silences', silence())
    expect(status).toBe(200)
    const { silenceID: id } = body as { silenceID: string }
    expect((await call('GET', `silence/${id}`)).body).toMatchObject({ id, status: { state: 'active' }, matchers: silence().matchers })
    await post(diskFull({ endsAt: inMs(240_000) }))
    await until(() => phases().length === 1)
    expect((await call('GET', 'alerts')).body).toMatchObject([{ status: { state: 'suppressed', silencedBy: [id] } }])
    expect((await call('GET', 'alerts?silenced=false')).body).toEqual([])
    expect(receiver.requests).toHaveLength(0)
    expect((await call('DELETE', `silence/${id}`)).status).toBe(200)
    await until(() => receiver.requests.length === 1)
    expect((await call('GET', 'silences')).body).toMatchObject([{ id, status: { state: 'expired' } }])
    expect((await call('DELETE', 'silence/unknown')).status).toBe(404)
  })

  it('take a value literally that would be a pattern here, and are changed by their id', async () => {
    const literal = [{ name: 'queue', value: 'orders*', isRegex: false, isEqual: true }]
    const { silenceID: id } = (await call('POST', 'silences', silence({ matchers: literal }))).body as { silenceID: string }
    const { silenceID: next } = (await call('POST', 'silences', silence({ id }))).body as { silenceID: string }
    const states = ((await call('GET', 'silences')).body as { id: string; status: { state: string } }[]).map((one) => [
      one.id,
      one.status.state,
    ])
    expect(states).toEqual([
      [id, 'expired'],
      [next, 'active'],
    ])
  })

  it.each([
    [{ matchers: [{ name: 'a', value: '(', isRegex: true }] }, /is no regular expression/],
    [{ matchers: [{ name: 'a', value: '.*', isRegex: true }] }, /would silence everything/],
    [{ endsAt: '2020-01-01T00:00:00Z' }, /end before it begins/],
    [{ matchers: [] }, /matchers/],
  ])('are refused when they make no sense: %j', async (change, message) => {
    const answer = await call('POST', 'silences', silence(change))
    expect(answer.status).toBe(400)
    expect(answer.body).toMatch(message)
  })
})

describe('the API', () => {
  it('says its version and its receivers, also under the path of `up`', async () => {
    expect((await call('GET', 'status')).body).toMatchObject({ cluster: { status: 'disabled' }, versionInfo: { version: '0.0.0' } })
    expect((await call('GET', 'receivers')).body).toEqual([{ name: 'hook' }])
    expect((await fetch(`${http?.url}/alertmanager/api/v2/status`)).status).toBe(200)
    expect((await call('GET', 'nothing')).status).toBe(404)
  })

  it.each([
    ['a page of another site', { origin: 'http://evil.example' }],
    ['a page that has us under its own name', { host: 'evil.example', 'user-agent': 'Mozilla/5.0' }],
  ])('does not answer %s', async (_, headers) => {
    expect((await call('GET', 'alerts', undefined, headers)).status).toBe(403)
    expect((await call('POST', 'alerts', [diskFull()], headers)).status).toBe(403)
  })

  it('takes nothing that is not said to be JSON', async () => {
    expect((await call('POST', 'alerts', [diskFull()], { 'content-type': 'text/plain' })).status).toBe(400)
  })
})
