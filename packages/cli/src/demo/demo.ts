import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { parseEvent } from '@nightshift/shared/events/parse'
import { filterSubject, type Kind } from '@nightshift/shared/subjects'
import { stringify } from 'yaml'
import { writePrivate } from '../data-folder/write-private.ts'
import { findFreePort } from '../broker/free-port.ts'
import { formatEvent } from '../tap/format-event.ts'
import { demoConfig } from './demo-config.ts'
import { isToldToTheEnd, summarize, tellStory, type Story, type StoryNames } from './story.ts'
import { startApp, type DemoApp } from './start-app.ts'

const demoNames: StoryNames = { check: 'demo-web', rule: 'demo-web-down', playbook: 'restart-demo-web', channel: 'demo-webhook' }

const storyKinds: readonly Kind[] = ['health', 'alert', 'notify', 'heal']
const beforeBreakMs = 5000
const storyDeadlineMs = 55_000
const pollMs = 50
const hookBodyLimit = 262_144

export interface Demo {
  /** The configuration of the demo, written where a newcomer can read and change it. */
  readonly configFile: string
  /** Breaks the app, tells what happens, and sums it up; true when the whole story was seen. */
  tell(connection: NatsConnection, host: string, out: (line: string) => void, signal: AbortSignal): Promise<boolean>
  stop(): Promise<void>
}

/** Starts the demo's web app and webhook receiver; the rest of the demo is real. */
export async function prepareDemo(dataFolder: string, out: (line: string) => void): Promise<Demo> {
  const appPort = await findFreePort('127.0.0.1', 18_080)
  const pidFile = join(dataFolder, 'demo-web.pid')
  const appCommand = [
    process.execPath,
    fileURLToPath(new URL('./web-app.ts', import.meta.url)),
    '--port',
    String(appPort),
    '--pid-file',
    pidFile,
  ]
  const receiver = await startReceiver(out)
  const app = startApp(appCommand, pidFile)
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
  const configFile = join(dataFolder, 'demo.yaml')
  writePrivate(configFile, `# Written by nightshift up --demo.\n${stringify(demoConfig({ appPort, appCommand, webhookUrl }))}`)
  return {
    configFile,
    tell: (connection, host, say, signal) => tell(connection, host, say, app, signal),
    stop: async () => {
      await app.stop()
      receiver.closeAllConnections()
      receiver.close()
    },
  }
}

async function tell(
  connection: NatsConnection,
  host: string,
  out: (line: string) => void,
  app: DemoApp,
  signal: AbortSignal,
): Promise<boolean> {
  out(`demo: in ${beforeBreakMs / 1000} s the demo web app is killed; watch this terminal, or the page`)
  await delay(beforeBreakMs, undefined, { signal }).catch(() => undefined)
  if (signal.aborted) return false
  let story: Story = { brokenMs: Date.now() }
  const subscriptions = storyKinds.map((kind) =>
    connection.subscribe(filterSubject(kind, kind === 'notify' ? {} : { host }), {
      callback: (error, message) => {
        if (error !== null) return
        const received = parseEvent(message.subject, message.data)
        const next = tellStory(story, received, demoNames)
        if (next !== story || received.kind === 'heal') out(`demo: ${formatEvent(received)}`)
        story = next
      },
    }),
  )
  await connection.flush()
  story = { brokenMs: Date.now() }
  out(`demo: kill -9 ${app.kill()} (the demo web app)`)
  const deadline = Date.now() + storyDeadlineMs
  while (!isToldToTheEnd(story) && Date.now() < deadline && !signal.aborted) await delay(pollMs)
  subscriptions.forEach((subscription) => subscription.unsubscribe())
  if (signal.aborted) return false
  out('demo: what happened')
  summarize(story).forEach((line) => out(line))
  return isToldToTheEnd(story)
}

/** Stands for the chat or pager of a team: prints what it is sent. */
async function startReceiver(out: (line: string) => void): Promise<Server> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (text: string) => {
      body += text
      if (body.length > hookBodyLimit) request.destroy()
    })
    request.on('end', () => {
      response.writeHead(204).end()
      out(`demo: the webhook received: ${messageText(body)}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function messageText(body: string): string {
  try {
    const { alert } = JSON.parse(body) as { alert?: { severity?: unknown; phase?: unknown; summary?: unknown } }
    return `${String(alert?.severity)} ${String(alert?.phase)}: ${String(alert?.summary)}`
  } catch {
    return body.slice(0, 300)
  }
}
