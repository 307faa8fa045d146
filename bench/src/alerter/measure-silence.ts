import { rpcSubject } from '@nightshift/shared/subjects'
import type { Connection } from '../bench-broker.ts'

interface Listed {
  readonly alerts: readonly { readonly rule: string; readonly fingerprint: string; readonly muted?: { readonly kind: string } | null }[]
}

interface Options {
  readonly admin: Connection
  /** A rule of which an alert fires. */
  readonly rule: string
  readonly count: number
}

const answerMs = 5000

/** Milliseconds from asking for a silence until the alert is listed with it, and the same for its end. */
export async function measureSilence({ admin, rule, count }: Options): Promise<number[]> {
  const ask = async <T>(verb: string, request: object): Promise<T> =>
    (await admin.request(rpcSubject('alerter', verb), JSON.stringify(request), { timeout: answerMs })).json<T>()
  const all = await ask<Listed>('list', {})
  const asked = { alerts: all.alerts.filter((alert) => alert.rule === rule).map(({ fingerprint }) => fingerprint) }
  const isSilenced = async (): Promise<boolean> => (await ask<Listed>('list', asked)).alerts.some(({ muted }) => muted?.kind === 'silenced')
  const until = async (wanted: boolean): Promise<void> => {
    const endMs = performance.now() + answerMs
    while ((await isSilenced()) !== wanted) if (performance.now() > endMs) throw new Error(`a silence was not ${wanted ? 'seen' : 'over'}`)
  }
  const matchers = [{ name: 'rule', op: '=', value: rule }]
  const samplesMs: number[] = []
  while (samplesMs.length < count) {
    const askedMs = performance.now()
    const { id } = await ask<{ id: string }>('silence', { matchers, duration_seconds: 600, creator: 'bench' })
    await until(true)
    const seenMs = performance.now()
    await ask('unsilence', { id })
    await until(false)
    samplesMs.push(seenMs - askedMs, performance.now() - seenMs)
  }
  return samplesMs
}
