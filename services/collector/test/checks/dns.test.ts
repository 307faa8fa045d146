import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCheck } from './run-check.ts'

/** A name server that knows a few names; hand-written after RFC 1035. */
const zone: Record<string, Buffer[]> = {
  'two.test/1': [Buffer.from([192, 0, 2, 7]), Buffer.from([192, 0, 2, 8])],
  'mail.test/15': [Buffer.concat([Buffer.from([0, 10]), encodeName('MX1.mail.test')])],
  'text.test/16': [Buffer.from('\x03v=1\x02;x', 'latin1')],
}
const codes: Record<string, number> = { 'missing.test': 3, 'broken.test': 2, 'refused.test': 5 }
let server: Socket
let address: string

beforeAll(async () => {
  server = createSocket('udp4')
  server.on('message', (question, from) => {
    const answer = answerTo(question)
    if (answer !== undefined) server.send(answer, from.port, from.address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  address = `127.0.0.1:${server.address().port}`
})
afterAll(() => void server.close())

function answerTo(question: Buffer): Buffer | undefined {
  const labels: string[] = []
  let at = 12
  for (let size = question[at] ?? 0; size > 0; size = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + size))
    at += 1 + size
  }
  const name = labels.join('.').toLowerCase()
  if (name === 'silent.test') return undefined
  const type = question.readUInt16BE(at + 1)
  const records = zone[`${name}/${type}`] ?? []
  const header = Buffer.from([0x81, 0x80 | (codes[name] ?? 0), 0, 1, 0, records.length, 0, 0, 0, 0])
  const body = records.map((data) => Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]), data]))
  return Buffer.concat([question.subarray(0, 2), header, question.subarray(12, at + 5), ...body])
}

function encodeName(name: string): Buffer {
  return Buffer.concat([...name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)), Buffer.from([0])])
}

const ask = (keys: object) => runCheck('dns', { server: address, ...keys })

test('the answers of a server are told, whatever their kind', async () => {
  expect(await ask({ name: 'two.test' })).toEqual({
    ok: true,
    error: null,
    detail: { server: address, answers: '192.0.2.7, 192.0.2.8', count: 2 },
  })
  expect(await ask({ name: 'mail.test', record: 'MX', expect: ['10 mx1.mail.test.'] })).toMatchObject({ ok: true })
  expect(await ask({ name: 'text.test', record: 'TXT', expect: ['v=1;x'] })).toMatchObject({ ok: true })
})

test('answers that are missing, too many or too few are told', async () => {
  expect((await ask({ name: 'two.test', expect: ['192.0.2.7', '192.0.2.9'] })).error).toBe(
    `A of two.test lacks 192.0.2.9; ${address} gives 192.0.2.7, 192.0.2.8`,
  )
  expect((await ask({ name: 'two.test', expect: ['192.0.2.8'], exact: true })).error).toBe(
    'A of two.test has 192.0.2.7 besides what is expected',
  )
  expect((await ask({ name: 'two.test', min_answers: 3 })).error).toBe(`${address} gives 2 answers for A of two.test, fewer than 3`)
})

test('a name that is not there is told apart from a server that is in trouble', async () => {
  expect((await ask({ name: 'missing.test' })).error).toBe(`${address} knows no A of missing.test`)
  expect((await ask({ name: 'two.test', record: 'AAAA' })).error).toBe(`${address} knows no AAAA of two.test`)
  expect(await ask({ name: 'missing.test', expect_missing: true })).toMatchObject({ ok: true })
  expect((await ask({ name: 'two.test', expect_missing: true })).error).toBe(`${address} knows A of two.test, but must not`)
  expect((await ask({ name: 'broken.test' })).error).toContain('says that it failed (SERVFAIL)')
  expect((await ask({ name: 'refused.test' })).error).toContain('refuses to answer')
})

test('a server that is silent is given up in time', async () => {
  const startMs = performance.now()
  const outcome = await ask({ name: 'silent.test', timeout: '300ms' })
  expect(outcome).toMatchObject({ ok: false, error: `${address} did not answer within 300ms: it is down, or a firewall drops the packets` })
  expect(performance.now() - startMs).toBeLessThan(5000)
})
