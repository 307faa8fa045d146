import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { notify } from '../../src/commands/notify.ts'
import { init } from '../../src/commands/init.ts'
import { askAnswers } from '../../src/init/ask-answers.ts'
import { Questions } from '../../src/init/questions.ts'
import { renderConfig } from '../../src/init/render-config.ts'
import { writeConfig } from '../../src/init/write-config.ts'
import { alerterAtWork, run, temporaryFolder } from './alerter-at-work.ts'

/** Somebody on the web who takes what is posted, or does not. */
async function receiver(status = 200) {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      bodies.push(body)
      response.writeHead(status).end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

const nobody = { host: 'web-1', locale: 'en', timezone: 'Asia/Seoul', slack: null, email: null, sms: null, backupPaths: [] } as const

test('init writes a configuration that only its owner may read, sends a test message by each channel, and never writes over a file unasked', async () => {
  const cwd = temporaryFolder()
  const [slack, sms] = [await receiver(), await receiver()]
  const env = { USER: 'kim', SLACK_WEBHOOK_URL: slack.url, SMS_TOKEN: 'secret-token' }
  const flags = [
    '--yes',
    '--host',
    'Web-1',
    '--timezone',
    'Asia/Seoul',
    '--sms-to',
    '+821012345678',
    '--sms-url',
    sms.url,
    '--backup-path',
    '/etc',
  ]
  const done = await run(init, flags, { cwd, env })
  expect(done).toEqual({
    code: 0,
    err: [],
    out: [
      'nightshift.yaml is written, and good',
      'a test message went out by slack',
      'a test message went out by sms',
      'next: nightshift up',
    ],
  })
  expect(slack.bodies).toHaveLength(1)
  expect(sms.bodies[0]).toContain('+821012345678')
  const file = join(cwd, 'nightshift.yaml')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  expect(parse(text)).toMatchObject({
    host: 'web-1',
    timezone: 'Asia/Seoul',
    alerter: { channels: { log: {}, slack: { webhook_url: slack.url } } },
  })
  expect(text).toContain('paths: ["/etc"')
  await expect(run(init, flags, { cwd, env })).rejects.toThrow(/is there already and was left alone/)
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect((await run(init, [...flags, '--force', '--no-test', '--host', 'web-2'], { cwd, env })).code).toBe(0)
  expect(readFileSync(file, 'utf8')).toContain('host: "web-2"')
  expect(slack.bodies).toHaveLength(1)
})

test('answers that make no configuration are refused with the line, and nothing is left behind', async () => {
  const cwd = temporaryFolder()
  const refused = run(init, ['--yes', '--timezone', 'Mars/Olympus', '--no-test'], { cwd })
  await expect(refused).rejects.toThrow(/nothing was written[\s\S]*nightshift\.yaml:\d+:\d+/)
  expect(readdirSync(cwd)).toEqual([])
})

test('a channel that does not take the test message is named, and the exit code says so', async () => {
  const cwd = temporaryFolder()
  const slack = await receiver(403)
  const done = await run(init, ['--yes'], { cwd, env: { SLACK_WEBHOOK_URL: slack.url } })
  expect(done.code).toBe(1)
  expect(done.out[1]).toMatch(/^slack did not take the test message: /)
  expect(done.out.join('\n')).not.toContain('/hook')
})

test('whoever is asked answers for Slack, mail and SMS, and skips what is not wanted', async () => {
  const script = ['', '', '', 'xoxb-1', '', 'ops@example.com', '', 'me', 'pa"ss${x}', '', '', '/srv /etc']
  const asked: string[] = []
  const answers = await askAnswers(nobody, async (question, fallback = '') => {
    asked.push(question)
    return await Promise.resolve(script.shift() || fallback)
  })
  expect(answers).toMatchObject({
    host: 'web-1',
    slack: { botToken: 'xoxb-1', channel: '#alerts' },
    email: { url: 'smtp://localhost:25', user: 'me', password: 'pa"ss${x}', to: ['ops@example.com'] },
    sms: null,
    backupPaths: ['/srv', '/etc'],
  })
  expect(asked).toHaveLength(12)
  const terminal = { env: {}, cwd: '/', isTty: false, columns: 80, out: () => undefined, err: () => undefined }
  const { sections } = await writeConfig(join(temporaryFolder(), 'nightshift.yaml'), renderConfig(answers), terminal)
  expect(sections.alerter.channels).toMatchObject({ slack: { bot_token: 'xoxb-1' }, email: { password: 'pa"ss${x}', tls: 'optional' } })
})

test('answers may be typed ahead, and an end of them in between writes nothing', async () => {
  const [input, output] = [new PassThrough(), new PassThrough().resume()]
  const questions = new Questions(input, output)
  input.write('first\n\n')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect([await questions.ask('One'), await questions.ask('Two', 'usual')]).toEqual(['first', 'usual'])
  const third = questions.ask('Three')
  input.end()
  await expect(third).rejects.toMatchObject({ code: 'no_answer' })
  questions.close()
})

test('notify test goes out by a channel of the alerter that runs, and says what became of it', async () => {
  const [good, bad] = [await receiver(), await receiver(500)]
  const work = await alerterAtWork({ channels: { good: { kind: 'webhook', url: good.url }, bad: { kind: 'webhook', url: bad.url } } })
  expect(await run(notify, ['test', 'good', '--nats', work.url])).toMatchObject({
    code: 0,
    out: [expect.stringMatching(/^good took the test message in \d+ ms$/)],
  })
  expect(good.bodies).toHaveLength(1)
  expect(await run(notify, ['test', 'bad', '--nats', work.url])).toMatchObject({
    code: 1,
    out: [expect.stringMatching(/^bad did not take the test message: .*500/)],
  })
  await expect(run(notify, ['test', 'none', '--nats', work.url])).rejects.toThrow(/no channel none/)
})
