import { isDeepStrictEqual } from 'node:util'

import type { Clock } from '@nightshift/shared/clock'
import type { CollectorConfig, GroupsConfig } from '../config.ts'
import type { Log } from '../log.ts'
import type { HostPaths } from '../procfs/host-paths.ts'
import type { SourceRegistry } from '../sources/source.ts'
import type { CollectedGroup, Source, SourceContext } from '../sources/source.ts'
import { GroupLoop } from './group-loop.ts'
import { GroupReader, type GroupReaderOptions } from './group-reader.ts'

/** Read every `every`; the others, which cost more or change slowly, every `slow_every`. */
const coreGroups: ReadonlySet<CollectedGroup> = new Set(['cpu', 'load', 'mem', 'disk', 'net'] as const)

export interface GroupSetOptions {
  registry: SourceRegistry
  host: HostPaths
  clock: Clock
  log: Log
  publish: GroupReaderOptions['publish']
}

/** The groups of the config, each with its source, on one loop. */
export class GroupSet {
  readonly #options: GroupSetOptions
  readonly #loop: GroupLoop
  readonly #readers = new Map<CollectedGroup, { options: unknown; reader: GroupReader }>()

  constructor(options: GroupSetOptions) {
    this.#options = options
    this.#loop = new GroupLoop(options.clock)
  }

  get readers(): GroupReader[] {
    return [...this.#readers.values()].map(({ reader }) => reader)
  }

  /** Makes the groups that are read those of the config. One whose options did not change keeps its counters, so its rates go on. */
  async apply(config: CollectorConfig): Promise<void> {
    for (const group of Object.keys(this.#options.registry) as CollectedGroup[]) await this.#applyGroup(group, config)
    this.#loop.run(this.readers)
  }

  stop(): void {
    this.#loop.stop()
    for (const { reader } of this.#readers.values()) reader.close()
    this.#readers.clear()
  }

  async #applyGroup(group: CollectedGroup, config: CollectorConfig): Promise<void> {
    const { every, enabled, ...options } = config.groups[group]
    const everyMs = every ?? (coreGroups.has(group) ? config.every : config.slow_every)
    const known = this.#readers.get(group)
    if (known !== undefined && enabled && isDeepStrictEqual(known.options, options)) {
      known.reader.everyMs = everyMs
      return
    }
    known?.reader.close()
    this.#readers.delete(group)
    if (!enabled) return
    const { registry, host, clock, log, publish } = this.#options
    const source = await openSource(registry, group, host, config.groups, { clock, log, everyMs })
    if (source === undefined) return
    const reader = new GroupReader({ group, everyMs, source, clock, log, publish })
    this.#readers.set(group, { options, reader })
  }
}

async function openSource<G extends CollectedGroup>(
  registry: SourceRegistry,
  group: G,
  host: HostPaths,
  groups: GroupsConfig,
  context: SourceContext,
): Promise<Source | undefined> {
  const definition = await registry[group]?.()
  return definition?.open(host, groups[group], context)
}
