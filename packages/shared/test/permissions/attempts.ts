import { createInbox, PermissionViolationError, type NatsConnection } from '@nats-io/transport-node'
import { expect } from 'vitest'
import type { GuardedBus, Login } from './guarded-bus.ts'

/** One user's connection, and what the server refused it. */
export interface Party {
  connection: NatsConnection
  refused: string[]
  /** A reply subject that this user may listen to. */
  newInbox(): string
}

export async function join(bus: GuardedBus, login: Login): Promise<Party> {
  const connection = await bus.as(login)
  const refused: string[] = []
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused.push(`${status.error.operation} ${status.error.subject}`)
    }
  })()
  return { connection, refused, newInbox: () => createInbox(bus.credentials(login).inboxPrefix) }
}

/** Waits until it is so, and fails with what was last seen when it never is. */
export async function eventually(check: () => void | Promise<void>, deadlineMs = 5000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > endMs) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** What arrives at a subscriber from now until `stop`. */
export async function overhear(connection: NatsConnection, subject: string): Promise<{ heard: string[]; stop(): Promise<string[]> }> {
  const heard: string[] = []
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => void heard.push(error ? `error ${error.message}` : `${message.subject} ${message.string()}`),
  })
  await connection.flush()
  return {
    heard,
    stop: async () => {
      // What the server took before is on its way to us before its answer to this.
      await connection.flush()
      subscription.unsubscribe()
      return heard
    },
  }
}

/** Publishes, and expects the server to refuse it and nobody to get it. */
export async function expectPublishRefused(party: Party, subject: string, listeners: readonly NatsConnection[]): Promise<void> {
  const ears = await Promise.all(listeners.map((listener) => overhear(listener, subject)))
  party.refused.length = 0
  party.connection.publish(subject, '{"forged":true}')
  await party.connection.flush()
  await eventually(() => expect(party.refused).toContain(`publish ${subject}`))
  for (const ear of ears) expect(await ear.stop()).toEqual([])
}

/** Subscribes, and expects the server to refuse it and nothing to arrive when `speaker` publishes. */
export async function expectSubscribeRefused(party: Party, subject: string, speaker: NatsConnection, spoken: string): Promise<void> {
  party.refused.length = 0
  const heard: string[] = []
  party.connection.subscribe(subject, { callback: (error, message) => void (error ?? heard.push(message.subject)) })
  await party.connection.flush()
  await eventually(() => expect(party.refused).toContain(`subscription ${subject}`))
  speaker.publish(spoken, '{}')
  await speaker.flush()
  await party.connection.flush()
  expect(heard).toEqual([])
}

/** Asks the JetStream API, and expects the server not even to take the question. */
export async function expectApiRefused(party: Party, verb: string, body: object | string = ''): Promise<void> {
  party.refused.length = 0
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  let answer: string | undefined
  const inbox = party.newInbox()
  party.connection.subscribe(inbox, { callback: (error, message) => void (answer = error?.message ?? message.string()) })
  party.connection.publish(`$JS.API.${verb}`, payload, { reply: inbox })
  await eventually(() => expect(party.refused.some((line) => line.endsWith(`API.${verb}`))).toBe(true))
  await party.connection.flush()
  expect(answer).toBeUndefined()
}
