import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BusError, ConfigError } from '../../src/errors.ts'
import { ErrorCounts } from '../../src/service/error-counts.ts'
import { createLog, setLevel, type LogOptions } from '../../src/service/log.ts'
import { isSecretKey } from '../../src/service/redact.ts'

const clock = { now: () => Date.UTC(2026, 10, 21, 12, 3, 11, 42), monotonicMs: () => 0 }

function logInto(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = createLog({ service: 'alerter', host: 'web-1', clock, write: (line) => void lines.push(line), ...options })
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>
  return { log, lines, last }
}

/** A value that must never be seen, and cannot come about by chance. */
const secret = 'hunter2-c0ffee'
const secretKeys = [
  'password',
  'dbPassword',
  'api-key',
  'API_KEY',
  'accessToken',
  'nkey',
  'seed',
  'Authorization',
  'cookie',
  'set-cookie',
  'clientSecret',
  'credentials',
]

describe('the log', () => {
  it('writes one JSON object per line, with level, time, service, host and message', () => {
    const { log, lines, last } = logInto()
    log.info({ rule: 'web-down', correlation_id: '01J' }, 'firing %s', 'now')
    expect(lines[0]?.endsWith('}\n')).toBe(true)
    expect(last()).toEqual({
      level: 'INFO',
      time: '2026-11-21T12:03:11.042Z',
      service: 'alerter',
      host: 'web-1',
      rule: 'web-down',
      correlation_id: '01J',
      message: 'firing now',
    })
  })

  it('names the levels as the users do', () => {
    const { log, lines } = logInto({ level: 'debug' })
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    log.fatal('e')
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'])
  })

  it('writes nothing below its level, and follows a change of it', () => {
    const { log, lines } = logInto({ level: 'warning' })
    log.info('quiet')
    expect(lines).toEqual([])
    setLevel(log, 'info')
    log.info('loud')
    expect(lines).toHaveLength(1)
  })

  it('carries the correlation id of a child logger', () => {
    const { log, last } = logInto()
    log.child({ correlation_id: '01JABC' }).warn('held')
    expect(last()).toMatchObject({ correlation_id: '01JABC', message: 'held', level: 'WARNING' })
  })

  it('writes errors with code, cause and stack, wherever they stand', () => {
    const { log, last } = logInto()
    const error = new BusError('no_responder', 'nobody answers', { cause: new Error('connection refused'), transient: true })
    log.error({ error }, 'request failed')
    expect(last()).toMatchObject({
      error: { code: 'no_responder', message: 'nobody answers', transient: true, cause: { message: 'connection refused' } },
    })
    log.error(error)
    expect(last()).toMatchObject({ message: 'nobody answers', error: { code: 'no_responder' } })
    expect((last()['error'] as { stack: string }).stack).toContain('log.test.ts')
    log.error({ detail: { inner: error } }, 'nested')
    expect(last()).toMatchObject({ detail: { inner: { code: 'no_responder' } } })
  })

  it('survives what cannot be written as JSON', () => {
    const { log, last } = logInto()
    const circular: Record<string, unknown> = {
      big: 10n,
      when: new Date(0),
      bytes: new Uint8Array(5),
      map: new Map([['a', 1]]),
      nan: Number.NaN,
    }
    circular['self'] = circular
    log.info({ circular, deep: nest(50), list: [circular, Symbol('s'), () => 1] }, 'odd')
    expect(last()).toMatchObject({
      circular: { big: '10', when: '1970-01-01T00:00:00.000Z', bytes: '[5 bytes]', map: { a: 1 }, nan: null, self: '[circular]' },
      list: [{ big: '10' }, 'Symbol(s)', null],
    })
    const trapped = {
      get trap() {
        throw new Error('no')
      },
    }
    log.info({ trapped }, 'trapped')
    expect(last()).toMatchObject({ trapped: '[unreadable]' })
  })

  it('bounds a line, however large the value', () => {
    const { log, lines } = logInto()
    log.info({ text: 'x'.repeat(1_000_000), list: Array.from({ length: 10_000 }, () => 'y'.repeat(100)) }, 'z'.repeat(1_000_000))
    expect(lines[0]?.length).toBeLessThan(64_000)
  })

  it('counts errors by code when they are logged as a warning or worse, each once', () => {
    const errors = new ErrorCounts()
    const { log } = logInto({ errors })
    const error = new ConfigError('bad_value', 'no')
    log.warn({ error }, 'first')
    log.error({ error }, 'the same one again')
    log.error({ error: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }, 'system error')
    log.warn({ code: 'permission_denied', subject: 'a' }, 'only a code')
    log.info({ error: new ConfigError('not_counted', 'no') }, 'not a warning')
    expect(errors.byCode()).toEqual([
      ['bad_value', 1],
      ['econnrefused', 1],
      ['permission_denied', 1],
    ])
    expect(errors.total).toBe(3)
  })
})

describe('secrets in the log', () => {
  it('never shows what stands under a secret-looking key, at any depth, in fields, bindings and errors', () => {
    const path = fc.array(fc.oneof(fc.constantFrom('a', 'config', '0', 'headers'), fc.constantFrom('list')), { maxLength: 6 })
    const held = fc.oneof(
      fc.constant(secret),
      fc.constant([secret]),
      fc.constant({ value: secret }),
      fc.constant({ list: [{ x: secret }] }),
    )
    fc.assert(
      fc.property(
        path,
        fc.constantFrom(...secretKeys),
        held,
        fc.constantFrom('fields', 'bindings', 'error', 'cause'),
        (keys, key, value, where) => {
          const { log, lines } = logInto()
          const fields = wrap(keys, { [key]: value })
          if (where === 'fields') log.info(fields, 'hello')
          if (where === 'bindings') log.child({ bound: fields }).info('hello')
          if (where === 'error') log.error({ error: Object.assign(new Error('x'), fields) }, 'hello')
          if (where === 'cause') log.error(new Error('x', { cause: Object.assign(new Error('y'), fields) }), 'hello')
          expect(lines).toHaveLength(1)
          expect(lines.join('')).not.toContain(secret)
        },
      ),
    )
  })

  it('never shows credentials inside of text: addresses, headers, nkey seeds, query strings', () => {
    const user = fc.stringMatching(/^[a-z]{1,8}$/)
    const holders = fc.constantFrom(
      (name: string) => `nats://${name}:${secret}@nats.example.com:4222`,
      (name: string) => `postgres://${name}:p@ss${secret}@db/x`,
      () => `https://hooks.example.com/x?token=${secret}&y=1`,
      () => `Authorization: Bearer ${secret}`,
      () => `{"password":"${secret}"}`,
      () => `password=${secret}`,
      () => `Basic ${btoa(secret)}`,
    )
    fc.assert(
      fc.property(
        user,
        holders,
        fc.string(),
        fc.constantFrom('message', 'field', 'key', 'error', 'binding', 'argument'),
        (name, holder, noise, where) => {
          const text = `${noise} ${holder(name)} ${noise}`
          const { log, lines } = logInto()
          if (where === 'message') log.info(text)
          if (where === 'field') log.info({ text: [{ text }] }, 'hello')
          if (where === 'key') log.info({ [text]: 1 }, 'hello')
          if (where === 'error') log.error({ error: new Error(text) }, 'hello')
          if (where === 'binding') log.child({ text }).info('hello')
          if (where === 'argument') log.info('hello %s %o', text, { text })
          expect(lines.join('')).not.toContain(secret)
          expect(lines.join('')).not.toContain(btoa(secret))
        },
      ),
    )
  })

  it('never shows the seed of an nkey', () => {
    const { log, lines } = logInto()
    const seed = `SU${'A2B3'.repeat(14)}`
    log.info({ text: `logging in with ${seed}` }, seed)
    expect(lines.join('')).not.toContain('A2B3A2B3')
  })

  it('shows what only looks secret', () => {
    const { log, last } = logInto()
    log.info({ password_file: '/run/secrets/x', fencing_token: 13, host_token: 'web-1', secret: null, has_password: true }, 'ok')
    expect(last()).toMatchObject({
      password_file: '/run/secrets/x',
      fencing_token: 13,
      host_token: 'web-1',
      secret: null,
      has_password: true,
    })
    expect(['rule', 'channel', 'tokens_total', 'monkey', 'stream_seq'].map(isSecretKey)).toEqual([false, false, false, false, false])
  })
})

describe('the log for people', () => {
  it('is one short line with time, service, level, message and the fields that matter', () => {
    const { log, lines } = logInto({ form: 'people' })
    log.info({ rule: 'web-down', target: { host: 'db-1' }, skipped: null }, 'firing')
    expect(lines[0]).toMatch(/^\d\d:\d\d:11 alerter {3}INFO {5}firing rule=web-down target=\{"host":"db-1"\}\n$/)
  })

  it('tells why, with code and cause, and the stack only of what is critical', () => {
    const { log, lines } = logInto({ form: 'people' })
    const error = new BusError('timeout', 'no answer', { cause: new Error('socket closed') })
    log.warn({ error }, 'retrying')
    expect(lines[0]).toContain('WARNING  retrying (timeout: no answer) (socket closed)\n')
    log.fatal({ error }, 'giving up')
    expect(lines[1]).toContain('    at ')
  })

  it('lets nobody forge a line or move the cursor', () => {
    const { log, lines } = logInto({ form: 'people' })
    log.info({ text: 'a\r\n12:00:00 alerter CRITICAL fake' }, 'x\u001B[2J\u0007\u009B31m')
    expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/)
  })

  it('colours the level when asked to', () => {
    const { log, lines } = logInto({ form: 'people', color: true })
    log.error('red')
    expect(lines[0]).toContain('\u001B[31mERROR   \u001B[0m red')
  })
})

function nest(depth: number): object {
  return depth === 0 ? {} : { next: nest(depth - 1) }
}

function wrap(keys: readonly string[], inner: object): Record<string, unknown> {
  return keys.reduceRight<Record<string, unknown>>((value, key) => (key === 'list' ? { list: [value] } : { [key]: value }), { ...inner })
}
