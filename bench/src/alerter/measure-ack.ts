import { filterSubject, rpcSubject } from '@nightshift/shared/subjects'
import { Arrivals } from '../arrivals.ts'
import type { Connection } from '../bench-broker.ts'

interface Options {
  readonly admin: Connection
  /** A rule of which one alert fires. */
  readonly rule: string
  readonly count: number
  readonly signal: AbortSignal
}

interface Listed {
  readonly alerts: readonly { readonly rule: string; readonly fingerprint: string }[]
}

const answerMs = 30_000

/** Milliseconds from asking for an acknowledgement until everybody on the bus hears of it. */
export async function measureAck({ admin, rule, count, signal }: Options): Promise<number[]> {
  const ask = async <T>(verb: string, request: object): Promise<T> =>
    (await admin.request(rpcSubject('alerter', verb), JSON.stringify(request), { timeout: answerMs })).json<T>()
  const { alerts } = await ask<Listed>('list', {})
  const fingerprint = alerts.find((alert) => alert.rule === rule)?.fingerprint
  if (fingerprint === undefined) throw new Error(`no alert of ${rule} is listed`)
  const told = new Arrivals(admin, filterSubject('alert', { rule, phase: 'acked' }))
  await told.ready()
  const samplesMs: number[] = []
  while (samplesMs.length < count) {
    const heard = told.next(() => true, answerMs, signal)
    const askedMs = performance.now()
    await ask('ack', { alert: fingerprint, actor: 'bench' })
    samplesMs.push((await heard).atMs - askedMs)
    await ask('unack', { alert: fingerprint, actor: 'bench' })
  }
  return samplesMs
}
