import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { maxFacts, type Facts } from '../look.ts'
import { plainText } from '../plain-text.ts'

/** Lines that are read before other work gets its turn. */
const sliceLines = 500

/** The chains that `iptables-save` printed, each by its policy, the number of its rules and a digest of them. Counters make no difference. */
export async function iptablesFacts(text: string, family: 'iptables' | 'ip6tables'): Promise<Facts> {
  const chains = new Map<string, { policy: string; rules: string[] }>()
  let table = ''
  for (const [index, line] of text.split('\n').entries()) {
    if (index % sliceLines === sliceLines - 1) await setImmediate()
    if (line.startsWith('*')) table = line.slice(1).trim()
    const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (chain !== undefined && policy !== undefined) chains.set(`${table} ${chain}`, { policy, rules: [] })
    const [, owner] = /^(?:\[\d+:\d+\] )?-A (\S+)/.exec(line) ?? []
    if (owner !== undefined) chains.get(`${table} ${owner}`)?.rules.push(line.replace(/^\[\d+:\d+\] /, ''))
  }
  return new Map(
    [...chains].slice(0, maxFacts).map(([name, { policy, rules }]) => [
      `firewall ${family} ${plainText(name, 128)}`,
      {
        text: chainText(policy === '-' ? null : policy, rules.length),
        digest: createHash('sha256').update(rules.join('\n')).digest('hex'),
      },
    ]),
  )
}

/** `policy DROP, 12 rules` */
export function chainText(policy: string | null, rules: number): string {
  return `${policy === null ? '' : `policy ${plainText(policy, 32)}, `}${rules === 1 ? '1 rule' : `${rules} rules`}`
}
