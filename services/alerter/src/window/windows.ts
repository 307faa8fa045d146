import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { compileHours, type Hours } from '../hours/hours.ts'
import type { Mute, Muter } from '../mute/mute.ts'
import { timezoneOf } from '../timezone.ts'
import { labelOf } from '../route/route-tree.ts'
import { matchesAny } from '../rules/glob.ts'
import type { WindowsConfig } from './window-config.ts'

/** Maintenance windows of the configuration. */
export const windows: CompanionKind = (view) => new Windows(view)

class Windows implements Companion {
  readonly muters: readonly Muter[]
  readonly #zone: string
  readonly #view: ShardView
  #muter: Muter

  constructor(view: ShardView) {
    this.#view = view
    this.#zone = timezoneOf(view.context.base)
    this.#muter = windowMuter(view.config().windows, this.#zone)
    this.muters = [{ muteOf: (event, nowMs) => this.#muter.muteOf(event, nowMs) }]
  }

  /** Whoever was kept quiet by a window that is gone is looked at again. */
  async reload(): Promise<void> {
    this.#muter = windowMuter(this.#view.config().windows, this.#zone)
    await this.#view.desk.reconsider()
  }
}

/** Keeps quiet in these windows. `zone` counts for those that name none. */
export function windowMuter(config: WindowsConfig, zone: string): Muter {
  const compiled = Object.entries(config).map(([name, { match, ...hours }]): [string, Hours, (event: AlertEvent) => boolean] => [
    name,
    compileHours(hours, zone),
    (event) => Object.entries(match).every(([label, patterns]) => matchesAny(patterns, labelOf(event, label))),
  ])
  return {
    muteOf(event, nowMs): Mute | undefined {
      for (const [name, hours, isMeant] of compiled) {
        if (hours.contains(nowMs) && isMeant(event)) return { kind: 'window', by: name, untilMs: hours.endMs(nowMs) }
      }
      return undefined
    },
  }
}
