import { describeError } from '@nightshift/shared/errors'
import { derivedId } from '@nightshift/shared/ids'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { startPosition } from '../state/position.ts'
import type { DeadManConfig } from './dead-man-config.ts'

const rule = 'dead-man-unreachable'
/** One ping may get lost; so many in a row are told. */
const toldAfter = 3

/** Pings somebody outside for as long as the alerter works. What concerns the whole fleet is the first shard's. */
export const deadMan: CompanionKind = (view) => new DeadMan(view)

class DeadMan implements Companion {
  readonly #view: ShardView
  readonly #stopping = new AbortController()
  #config: DeadManConfig | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #firstFailureMs = 0
  #pinging: Promise<void> | undefined

  constructor(view: ShardView) {
    this.#view = view
    this.#config = view.config().deadman
  }

  async open(): Promise<void> {
    this.#arm()
    await Promise.resolve()
  }

  async reload(): Promise<void> {
    const before = this.#config
    this.#config = this.#view.config().deadman
    if (before?.url === this.#config?.url && before?.every === this.#config?.every) return
    await this.#tell(true)
    this.#failures = 0
    this.#arm()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#pinging
  }

  #arm(): void {
    clearInterval(this.#timer)
    if (this.#config === undefined || this.#view.place.number !== 0) return
    this.#timer = setInterval(() => this.#ping(), this.#config.every)
    this.#ping()
  }

  /** Only who has the lease and the bus works: else it is for the other side to notice. */
  #ping(): void {
    const { lease, context } = this.#view
    if (this.#pinging !== undefined || this.#config === undefined || !lease.holds() || context.bus.state !== 'connected') return
    this.#pinging = this.#send(this.#config).finally(() => (this.#pinging = undefined))
  }

  async #send({ url, method, timeout }: DeadManConfig): Promise<void> {
    const { counters, context, exclusively } = this.#view
    const { host } = new URL(url)
    counters.deadManPings++
    let problem: string | undefined
    try {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeout)])
      const headers = { 'user-agent': `nightshift/${context.version}` }
      const response = await fetch(url, { method, signal, redirect: 'manual', headers })
      await response.body?.cancel()
      if (!response.ok) problem = `${host} answered ${response.status}`
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      problem = `${host} cannot be reached: ${describeError(error)}`
    }
    if (problem === undefined) {
      const hadFailed = this.#failures
      this.#failures = 0
      // Of an earlier run too: what it found unreachable is reached now.
      if (hadFailed > 0 || this.#isTold()) void exclusively(() => this.#tell(true))
      return
    }
    counters.deadManFailures++
    if (this.#failures === 0) this.#firstFailureMs = context.clock.now()
    if (++this.#failures !== toldAfter) return
    context.log.warn({ problem }, 'the dead-man ping does not arrive; whoever waits for it will believe that we are down')
    const told = problem
    void exclusively(() => this.#tell(false, told))
  }

  #isTold(): boolean {
    return this.#view.book.watch(rule, null) !== undefined
  }

  async #tell(isReached: boolean, problem = ''): Promise<void> {
    const { engine, carryOut, context } = this.#view
    const at = isReached ? context.clock.now() : this.#firstFailureMs
    const id = derivedId(at, rule, String(isReached))
    const detail = isReached ? 'the dead-man ping arrives again' : `the dead-man ping failed ${toldAfter} times in a row: ${problem}`
    const facts = { rule, kind: 'deadman', host: null, labels: {}, severity: 'warning', value: null } as const
    const seen = { ...facts, isOn: !isReached, detail, at, id, correlationId: id }
    await carryOut(engine.observe(seen, { stream: 'METRICS', position: startPosition }))
  }
}
