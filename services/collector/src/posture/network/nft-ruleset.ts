import { createHash, type Hash } from 'node:crypto'
import { eachObject } from '../child/json-objects.ts'
import { maxFacts, type Fact, type Facts } from '../look.ts'
import { plainText } from '../plain-text.ts'
import { chainText } from './iptables-save.ts'

type Entry = Record<string, unknown>
/** In `{"nftables": [{"rule": {...}}]}` */
const entryDepth = 3

/**
 * The chains and sets that `nft -j list ruleset` printed. Handles, counters and what comes and goes in sets with a timeout make no
 * difference. Undefined when the text is no ruleset.
 */
export async function nftFacts(text: string): Promise<Facts | undefined> {
  if (!/^\s*\{\s*"nftables"\s*:\s*\[/.test(text)) return undefined
  const ruleset = new Ruleset()
  return (await eachObject(text, entryDepth, (entry) => ruleset.add(entry))) ? ruleset.facts() : undefined
}

class Ruleset {
  readonly #chains = new Map<string, { policy: string | null; rules: number; digest: Hash }>()
  readonly #sets: Facts = new Map()

  add(wrapped: unknown): void {
    const [kind, entry] = isObject(wrapped) ? (Object.entries(wrapped)[0] ?? []) : []
    if (!isObject(entry)) return
    const { family, table, chain, name } = entry
    if (kind === 'chain') {
      const policy = typeof entry['policy'] === 'string' ? entry['policy'] : null
      // The chain itself counts too: its hook and priority.
      this.#chains.set(nameOf(family, table, name), { policy, rules: 0, digest: createHash('sha256').update(describe(entry)) })
    } else if (kind === 'rule') {
      const owner = this.#chains.get(nameOf(family, table, chain))
      if (owner === undefined) return
      owner.rules++
      owner.digest.update('\n').update(describe(entry))
    } else if ((kind === 'set' || kind === 'map') && this.#sets.size < maxFacts) {
      this.#sets.set(`firewall nft set ${nameOf(family, table, name)}`, setFact(entry))
    }
  }

  facts(): Facts {
    const facts: Facts = new Map(this.#sets)
    for (const [name, { policy, rules, digest }] of this.#chains) {
      if (facts.size < maxFacts) facts.set(`firewall nft ${name}`, { text: chainText(policy, rules), digest: digest.digest('hex') })
    }
    return facts
  }
}

function setFact(set: Entry): Fact {
  const isOwnMaster = isDynamic(set)
  const elements = Array.isArray(set['elem']) ? set['elem'].length : 0
  return {
    text: isOwnMaster ? 'a set that changes by itself' : `${elements} elements`,
    digest: createHash('sha256')
      .update(describe(isOwnMaster ? { ...set, elem: null } : set))
      .digest('hex'),
  }
}

function nameOf(...parts: readonly unknown[]): string {
  return plainText(parts.map(String).join(' '), 128)
}

function isDynamic(set: Entry): boolean {
  const flags = Array.isArray(set['flags']) ? set['flags'] : [set['flags']]
  return set['timeout'] !== undefined || flags.includes('dynamic') || flags.includes('timeout')
}

/** As JSON, without what differs from one listing to the next. */
function describe(entry: Entry): string {
  return JSON.stringify(entry, (key, value: unknown) => {
    if (key === 'handle' || key === 'index' || key === 'expires') return undefined
    return key === 'counter' && isObject(value) ? {} : value
  })
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
