import { hostToken } from '@nightshift/shared/subjects'
import type { Received } from '@nightshift/shared/events/parse'
import type { Companion, CompanionKind, ShardView } from '../../companion.ts'
import { lookAround } from '../../look-around.ts'
import { FencedBucket } from '../../state/fenced-bucket.ts'
import { storePrefix } from '../../state/store-prefix.ts'
import { keptBucket } from '../kept-bucket.ts'
import { Baseline } from './baseline.ts'
import type { KnownBaselines } from './baseline-book.ts'

const saveEveryMs = 5000
/** So that not all hosts are written at the full hour. */
const savedAtOnce = 100

type Kept = ReturnType<typeof keptBucket.read>

/** Keeps what is usual over a restart. Read beside the work: until it is there, rules that need it hold. */
export const baselines: CompanionKind = (view) => new Baselines(view)

class Baselines implements Companion {
  readonly #view: ShardView
  #bucket: FencedBucket<Kept> | undefined
  #stopSaving: (() => void) | undefined

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    const { context, lease, place } = this.#view
    const { bus, clock, log } = context
    const onRefused = (key: string, error: unknown): void => log.warn({ key, error }, 'the bus does not keep what is usual')
    this.#bucket = new FencedBucket(await bus.bucket('hosts', keptBucket), lease, clock, onRefused, storePrefix(place))
    this.#stopSaving = lookAround(this.#view, saveEveryMs, () => this.#save())
    if (this.#isNeeded()) void this.#load(this.#bucket)
  }

  see(received: Received): readonly [] {
    if (received.kind !== 'change' || received.event.what !== 'forgotten') return []
    const { host } = received.address
    const gone = this.#view.engine.baselines.forget((known) => known.host === host)
    if (gone.length > 0) void this.#view.exclusively(() => this.#delete(gone))
    return []
  }

  async reload(): Promise<void> {
    const rules = this.#view.rules()
    const gone = this.#view.engine.baselines.forget(({ rule }) => {
      const found = rules.find(rule)
      return found?.kind !== 'metric' || found.baseline === null
    })
    await this.#delete(gone)
  }

  async stop(): Promise<void> {
    this.#stopSaving?.()
    if (this.#view.lease.holds()) await this.#save()
  }

  #isNeeded(): boolean {
    return this.#view.rules().metricRules.some(({ baseline }) => baseline !== null)
  }

  async #load(bucket: FencedBucket<Kept>): Promise<void> {
    const { engine, rules, context } = this.#view
    try {
      const kept = await bucket.load()
      await this.#view.exclusively(async () => {
        for (const [, value] of kept) {
          if (value.kind !== 'usual') continue
          const rule = rules().find(value.rule)
          if (rule?.kind !== 'metric' || rule.recipe !== value.recipe) continue
          engine.baselines.restore({ ...value, series: new Map(value.series.flatMap(readSeries)) })
        }
        await Promise.resolve()
      })
    } catch (error) {
      context.log.warn({ error }, 'what is usual cannot be read; it is learnt anew')
    }
  }

  async #save(): Promise<void> {
    for (const known of this.#view.engine.baselines.takeChanged(savedAtOnce)) {
      const { rule, recipe, host } = known
      const series = [...known.series].slice(0, 1000).map(([key, baseline]) => ({ key, hours: baseline.toText() }))
      await this.#bucket?.put(keyOf(known), { kind: 'usual', token: this.#view.lease.token, rule, recipe, host, series })
    }
  }

  async #delete(gone: readonly KnownBaselines[]): Promise<void> {
    for (const known of gone) await this.#bucket?.delete(keyOf(known))
  }
}

function keyOf({ rule, host }: KnownBaselines): string {
  return `usual.${rule}.${hostToken(host)}`
}

function readSeries({ key, hours }: { key: string; hours: string }): [string, Baseline][] {
  const baseline = Baseline.fromText(hours)
  return baseline === undefined ? [] : [[key, baseline]]
}
