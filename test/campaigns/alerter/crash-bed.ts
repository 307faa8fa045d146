import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { SlackStandIn, type SlackCall } from '@nightshift/test-servers/slack'
import { startSmtp, type ReceivedMail, type TestSmtp } from '@nightshift/test-servers/smtp'
import { startMoodyReceiver, type MoodyReceiver } from '../moody-receiver.ts'
import { readStream, withoutCopies, type StoredEvent } from '../read-stream.ts'
import { startProcess, waitUntil, type ServiceProcess } from '../service-process.ts'
import { alerterConfig } from './alerter-config.ts'
import { mailMentions, slackMentions } from './hearing.ts'
import { nameOf } from './names.ts'
import { Story } from './story.ts'

const ackTimeoutMs = 1000
const publishTries = 300
const atWorkDeadlineMs = 120_000
const readTries = 5

interface Options {
  readonly folder: string
  readonly random: () => number
  /** JetStream's folder; the default is a temporary one. */
  readonly storeDir?: string
}

interface Parts {
  readonly folder: string
  readonly story: Story
  readonly server: NatsServer
  readonly connection: NatsConnection
  readonly hook: MoodyReceiver
  readonly pager: MoodyReceiver
  readonly slack: SlackStandIn
  readonly smtp: TestSmtp
}

/** The real alerter as a process that can be killed, on a real broker, with two webhooks, Slack and a mail server that have their moods. */
export class CrashBed {
  readonly story: Story
  readonly server: NatsServer
  /** One message for each step of each alert. */
  readonly hook: MoodyReceiver
  /** Messages about groups. */
  readonly pager: MoodyReceiver
  readonly slack: SlackStandIn
  readonly smtp: TestSmtp
  /** Starts of the alerter. */
  starts = 0
  readonly #folder: string
  readonly #connection: NatsConnection
  readonly #configFile: string
  readonly #crashesMs: number[] = []
  #process: ServiceProcess | undefined
  /** What the alerter told on the bus, as far as it was read. */
  readonly #stored: StoredEvent[] = []
  #readTo = 0

  static async open({ folder, random, storeDir }: Options): Promise<CrashBed> {
    const story = new Story()
    const server = await startNats(storeDir === undefined ? {} : { storeDir })
    const connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
    await bootstrap(connection, baseConfigSchema.parse({}).streams)
    const receiver = (name: string): Promise<MoodyReceiver> =>
      startMoodyReceiver(random, (key, { alert, alerts }, answer) => {
        for (const each of new Map([alert, ...alerts].map((one) => [nameOf(one), one])).values())
          story.note(`${name} was sent ${String(each['phase'])} in ${key}: ${answer}`, nameOf(each))
      })
    const onCall = (call: SlackCall): void => {
      for (const { name, phase } of slackMentions(call)) story.note(`${call.method} said ${phase}: ${call.outcome}`, name)
    }
    const onMail = (mail: ReceivedMail): void => {
      for (const { name, phase } of mailMentions(mail)) story.note(`a mail said ${phase}`, name)
    }
    const [hook, pager, slack, smtp] = await Promise.all([
      receiver('hook'),
      receiver('pager'),
      SlackStandIn.start({ onCall }),
      startSmtp({ onMail }),
    ])
    return new CrashBed({ folder, story, server, connection, hook, pager, slack, smtp })
  }

  private constructor({ folder, story, server, connection, hook, pager, slack, smtp }: Parts) {
    this.story = story
    this.server = server
    this.hook = hook
    this.pager = pager
    this.slack = slack
    this.smtp = smtp
    this.#folder = folder
    this.#connection = connection
    this.#configFile = join(folder, 'nightshift.yaml')
    const urls = { nats: server.url, hook: hook.url, pager: pager.url, slack: slack.apiUrl, smtp: `smtp://127.0.0.1:${smtp.port}` }
    // JSON is YAML.
    writeFileSync(this.#configFile, JSON.stringify(alerterConfig(folder, urls)), { mode: 0o600 })
  }

  /** Starts `nightshift run alerter`; each run has a log of its own. */
  start(): void {
    this.starts++
    this.story.note(`the alerter is started, run ${this.starts}`)
    // Without it a start is mostly the compiler's work.
    const env = { NODE_COMPILE_CACHE: join(this.#folder, 'compile-cache') }
    this.#process = startProcess(this.#name, ['run', 'alerter', '--config', this.#configFile], this.#folder, env)
  }

  async untilAtWork(): Promise<void> {
    const isAtWork = (): boolean => readFileSync(join(this.#folder, `${this.#name}.log`), 'utf8').includes('the alerter is at work')
    await waitUntil(`run ${this.starts} of the alerter is at work`, isAtWork, atWorkDeadlineMs)
    this.story.note('it is at work')
  }

  /** How many crashes, of the alerter or the broker, lie between two moments of performance.now(). */
  crashesBetween(fromMs: number, toMs: number): number {
    return this.#crashesMs.filter((atMs) => atMs >= fromMs && atMs <= toMs).length
  }

  async kill(): Promise<void> {
    this.#crashesMs.push(performance.now())
    await this.#process?.kill('SIGKILL')
    this.#process = undefined
    this.story.note('kill -9 of the alerter')
  }

  async killBroker(): Promise<void> {
    this.#crashesMs.push(performance.now())
    this.story.note('kill -9 of the broker')
    await this.server.kill('SIGKILL')
    await this.server.restart()
    this.story.note('the broker is back')
  }

  /** Resolves when the broker has stored it; until then it is sent again under the same id. */
  async publish(subject: string, event: { readonly id: string; readonly [key: string]: unknown }): Promise<void> {
    const options = { timeout: ackTimeoutMs, headers: headers() }
    options.headers.set('Nats-Msg-Id', event.id)
    for (let attempt = 1; ; attempt++) {
      try {
        const reply = await this.#connection.request(subject, JSON.stringify(event), options)
        const { error } = reply.json<{ error?: { description: string } }>()
        if (error === undefined) return
        throw new Error(error.description)
      } catch (refusal) {
        if (attempt === publishTries) throw refusal
        await delay(100)
      }
    }
  }

  /** The alert events of EVENTS so far, in their order, by alert. */
  async said(): Promise<Map<string, StoredEvent[]>> {
    const news = await this.#read('ops.alert.*.*.*', this.#readTo + 1)
    this.#stored.push(...news)
    this.#readTo = news.at(-1)?.seq ?? this.#readTo
    return Map.groupBy(withoutCopies(this.#stored), ({ event }) => nameOf(event))
  }

  /** Alert events that stand in EVENTS more than once, as far as it was read. */
  get storedTwice(): number {
    return this.#stored.length - withoutCopies(this.#stored).length
  }

  /** Notifications that the alerter gave up. */
  async dead(): Promise<StoredEvent[]> {
    return await this.#read('ops.notify.*.dead', 1)
  }

  /** From here on everybody takes what comes. */
  calm(): void {
    this.story.note('everybody takes what comes')
    this.hook.moodiness = 0
    this.pager.moodiness = 0
    this.slack.faults.length = 0
    this.smtp.troubles.length = 0
  }

  async close(): Promise<void> {
    await this.#process?.kill('SIGKILL')
    await this.#connection.close()
    await Promise.all([this.hook.stop(), this.pager.stop(), this.slack.stop(), this.smtp.stop(), this.server.stop()])
  }

  /** On a busy machine a broker may take its time. */
  async #read(filter: string, fromSeq: number): Promise<StoredEvent[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await readStream(this.#connection, 'EVENTS', filter, fromSeq)
      } catch (failure) {
        if (attempt === readTries) throw failure
      }
    }
  }

  get #name(): string {
    return `alerter-${this.starts}`
  }
}
