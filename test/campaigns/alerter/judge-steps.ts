import type { Taken } from '../moody-receiver.ts'
import type { StoredEvent } from '../read-stream.ts'
import type { Step } from './cast.ts'
import type { Finding } from './finding.ts'
import { nameOf } from './names.ts'

type Steps = ReadonlyMap<string, readonly Step[]>
type Said = ReadonlyMap<string, readonly StoredEvent[]>

/** What an alerter says of its own accord about what comes and goes. */
function isOfFlapping({ event }: StoredEvent): boolean {
  return event['phase'] === 'flapping' || String(event['reason']).startsWith('settled')
}

/** Each step of each alert must stand in EVENTS, in its order, and nothing else. */
export function judgeSaid(steps: Steps, said: Said): Finding[] {
  return [...new Set([...steps.keys(), ...said.keys()])].flatMap((name) => {
    const wanted = steps.get(name) ?? []
    const found = (said.get(name) ?? [])
      .filter((each) => !isOfFlapping(each))
      .map(({ event }) => `${String(event['phase'])} ${String(event['severity'])}`)
    const expected = wanted.map(({ phase, severity }) => `${phase} ${severity}`)
    if (found.join() === expected.join()) return []
    const at = expected.findIndex((line, index) => line !== found[index])
    const index = at === -1 ? expected.length : at
    const what = `${name}: step ${index + 1} should be said as ${expected[index] ?? 'nothing'} and is ${found.slice(index, index + 3).join(', ') || 'not said'}`
    return [{ what, name, fromMs: wanted[index]?.atMs ?? 0, toMs: (wanted[index]?.atMs ?? performance.now()) + 30_000 }]
  })
}

/**
 * Each event is a message of its own. Of an alert that came and went not all is told, but that it does, and in the end what it is in; no
 * message says anything that no event says.
 */
export function judgeHook(said: Said, taken: readonly Taken[]): Finding[] {
  const messages = [...Map.groupBy(taken, ({ key }) => key).values()].map(([first]) => first as Taken)
  const findings: Finding[] = []
  const finding = (name: string, what: string, atMs: number): void =>
    void findings.push({ what: `${name}: ${what}`, name, fromMs: atMs - 10_000, toMs: atMs + 10_000 })
  const byName = Map.groupBy(messages, ({ alert }) => nameOf(alert))
  for (const [name, heard] of byName) {
    const events = new Set(said.get(name)?.map(({ event }) => event.id))
    for (const [id, same] of Map.groupBy(heard, ({ alert }) => String(alert['id']))) {
      const [first, second] = same
      if (first !== undefined && !events.has(id)) finding(name, `the message ${first.key} says what no event says`, first.atMs)
      if (second !== undefined)
        finding(name, `the event ${id} is told by two messages, ${same.map(({ key }) => key).join(' and ')}`, second.atMs)
    }
  }
  for (const [name, events] of said) {
    if (!/^(web|load|flap)-/.test(name)) continue
    const heard = byName.get(name) ?? []
    const ids = heard.map(({ alert }) => String(alert['id']))
    const firstFlap = events.findIndex(isOfFlapping)
    // The step with which it begins to flap is told by the message that says so.
    const due = firstFlap === -1 ? events : events.slice(0, Math.max(0, firstFlap - 1))
    const lost = due.filter(({ event }) => !ids.includes(event.id))
    const toldAt = (event: StoredEvent['event']): number => performance.now() - (Date.now() - Date.parse(event.time))
    for (const { event } of lost) finding(name, `${String(event['phase'])} ${event.id} is lost`, toldAt(event))
    const order = due.map(({ event }) => ids.indexOf(event.id)).filter((index) => index >= 0)
    const wrong = order.findIndex((index, at) => at > 0 && index < (order[at - 1] ?? 0))
    if (wrong > 0) finding(name, 'messages came in another order than the events', heard[order[wrong] ?? 0]?.atMs ?? 0)
    const last = events.findLast(({ event }) => event['phase'] !== 'flapping')?.event
    const lastHeard = heard.at(-1)
    if (last === undefined || lastHeard === undefined) continue
    const isFiring = (event: Record<string, unknown>): boolean => event['phase'] !== 'resolved'
    // Flapping that was said last is no last word.
    if (isFiring(last) !== isFiring(lastHeard.alert) || lastHeard.group['occasion'] === 'flapping')
      finding(name, `the last word is ${String(lastHeard.group['occasion'])} and it is ${String(last['phase'])}`, lastHeard.atMs)
  }
  return findings
}
