import { AlerterBed } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'

/** A bed with hosts that send five times a second for as long as they are in `alive`, and somebody who is told. */
export class WatchedBed {
  readonly bed: AlerterBed
  readonly receiver: Receiver
  readonly alive = new Set<string>()
  readonly #timer: NodeJS.Timeout

  static async open(): Promise<WatchedBed> {
    const [bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
    return new WatchedBed(bed, receiver)
  }

  private constructor(bed: AlerterBed, receiver: Receiver) {
    this.bed = bed
    this.receiver = receiver
    this.#timer = setInterval(() => {
      for (const host of this.alive) bed.metric('cpu', { usage_ratio: 0.1 }, host)
    }, 200)
  }

  /** Hosts are missed after 3 s. */
  config(presence: object = {}) {
    return { presence: { after: '3s', ...presence }, channels: { hook: { kind: 'webhook', url: this.receiver.url } } }
  }

  /** `host-silent web-1 firing 1`: the alert that leads each message, and how many fire. */
  readonly told = (): string[] =>
    this.receiver.requests.map(({ body }) => {
      const { alert, group } = JSON.parse(body) as {
        alert: { rule: string; host: string | null; phase: string }
        group: { firing: number }
      }
      return `${alert.rule} ${alert.host} ${alert.phase} ${group.firing}`
    })

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.bed.close()
    await this.receiver.stop()
  }
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Until hosts are known, and their silence counts. */
export const settle = () => pause(4500)
