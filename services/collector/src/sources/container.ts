import { setImmediate } from 'node:timers/promises'
import { openCgroupTree } from '../cgroups/cgroup-tree.ts'
import type { CgroupTree } from '../cgroups/cgroup-usage.ts'
import { findContainerCgroups, type FoundCgroup } from '../cgroups/cgroup-walk.ts'
import { ContainerBook } from '../containers/container-book.ts'
import { factsOfId, type ContainerFacts } from '../containers/container-facts.ts'
import { containerItem, grownOf, type Grown } from '../containers/container-item.ts'
import { nextCounts, type Counts } from '../containers/counts.ts'
import { exclusion } from '../globs/exclusion.ts'
import type { Item, Reading, SourceDefinition } from './source.ts'

/** Containers that go into one look; more are counted, not sent. */
const maxContainers = 256
/** Containers that are read before other work gets its turn: each has ten files. */
const sliceSize = 8

interface Remembered {
  readonly counts: Counts
  readonly grown: Grown | undefined
  readonly inode: number | undefined
}

interface Candidate {
  readonly facts: ContainerFacts
  readonly cgroup: FoundCgroup | undefined
}

/** Control groups tell what containers use; their runtimes, who they are and how they fare. Either is enough to be seen. */
export const containerSource: SourceDefinition<'container'> = {
  group: 'container',
  open(host, config, { clock, log }) {
    const book = new ContainerBook({ host, sockets: config.sockets, clock, log })
    const isExcluded = exclusion(config.exclude)
    let tree: CgroupTree | undefined
    let remembered = new Map<string, Remembered>()
    return {
      async read(intervalSeconds) {
        tree ??= openCgroupTree(host.sys)
        const walk = tree === undefined ? { found: [], isCut: false } : await findContainerCgroups(tree.root, config)
        const all = candidates(walk.found, await book.look(walk.found)).filter(({ facts }) => !isExcluded(facts.name))
        const kept = all.slice(0, maxContainers)
        const looked = new Map<string, Remembered>()
        const items: Item[] = []
        for (const [index, { facts, cgroup }] of kept.entries()) {
          if (index > 0 && index % sliceSize === 0) await setImmediate()
          const before = remembered.get(facts.id)
          const usage = cgroup === undefined ? undefined : tree?.usage(cgroup.path)
          const counts = nextCounts(before?.counts, facts, usage?.oomKills)
          const previous = before?.inode === cgroup?.inode ? before?.grown : undefined
          items.push(containerItem({ facts, counts, usage, previous, intervalSeconds, nowMs: clock.now() }))
          looked.set(facts.id, { counts, grown: usage === undefined ? undefined : grownOf(usage), inode: cgroup?.inode })
        }
        remembered = looked
        return reading(items, all.length - kept.length + (walk.isCut ? 1 : 0), book.runtimes)
      },
      close: () => book.close(),
    }
  },
}

function reading(items: Item[], overflow: number, runtimes: { known: number; silent: number }): Reading {
  const fields = {
    count: items.length + overflow,
    stopped: items.filter((item) => item['running'] === 0).length,
    ...(runtimes.known === 0 ? {} : { runtimes: runtimes.known, runtimes_silent: runtimes.silent }),
  }
  return { fields, items: apart(items), overflow }
}

/** Those that have a control group first: when there are more than fit, the stopped ones are left out. Pods' sandboxes are none. */
function candidates(found: readonly FoundCgroup[], known: ReadonlyMap<string, ContainerFacts | 'sandbox'>): Candidate[] {
  const running = found.flatMap((cgroup): Candidate[] => {
    const facts = known.get(cgroup.id)
    return facts === 'sandbox' ? [] : [{ facts: facts ?? factsOfId(cgroup.id, cgroup.runtime), cgroup }]
  })
  const ids = new Set(found.map(({ id }) => id))
  const others = [...known.values()].flatMap((facts): Candidate[] =>
    facts === 'sandbox' || facts.isRunning === undefined || ids.has(facts.id) ? [] : [{ facts, cgroup: undefined }],
  )
  return [...running, ...others]
}

/** Items whose labels are the same would be one series: from the second on the name carries a number. */
function apart(items: readonly Item[]): Item[] {
  const seen = new Map<string, number>()
  return items.map((item) => {
    const key = [item['name'], item['runtime'], item['image'], item['namespace'], item['pod']].join('\n')
    const count = (seen.get(key) ?? 0) + 1
    seen.set(key, count)
    return count === 1 ? item : { ...item, name: `${String(item['name'])} (${count})` }
  })
}
