import type { Receipt } from '@nightshift/test-servers/webhook-receiver'
import { withoutCopies, type StoredEvent } from './read-stream.ts'

/** What is wrong with the stored transitions of a check that flipped so many times from ok; empty when nothing is. */
export function judgeTransitions(stored: readonly StoredEvent[], flips: number): string[] {
  const states = withoutCopies(stored).map(({ event }) => String(event['state']))
  const expected = Array.from({ length: flips + 1 }, (_, index) => (index % 2 === 0 ? 'ok' : 'failing'))
  if (states.join() === expected.join()) return []
  const at = expected.findIndex((state, index) => state !== states[index])
  return [
    `${expected.length} transitions were expected and ${states.length} are stored; they differ from number ${at + 1} on (${states.slice(at, at + 4).join(', ') || 'nothing'})`,
  ]
}

/** Alerts must follow the transitions, one firing and one resolved for each failure, and each message must arrive exactly once. */
export function judgeAlerts(health: readonly StoredEvent[], alerts: readonly StoredEvent[], receipts: readonly Receipt[]): string[] {
  const failures = withoutCopies(health).filter(({ event }) => event['state'] === 'failing').length
  const unique = withoutCopies(alerts)
  const phases = unique.map(({ event }) => String(event['phase'])).filter((phase) => phase === 'firing' || phase === 'resolved')
  const expected = Array.from({ length: failures * 2 }, (_, index) => (index % 2 === 0 ? 'firing' : 'resolved'))
  const keys = receipts.map(({ key }) => key)
  return [
    ...(phases.join() === expected.join()
      ? []
      : [
          `${failures} failures should give ${expected.length} alert events; there are ${phases.length}: ${phases.slice(0, 20).join(', ')}`,
        ]),
    ...(new Set(keys).size === keys.length ? [] : [`${keys.length - new Set(keys).size} webhook messages came twice`]),
    ...(new Set(keys).size === expected.length ? [] : [`${expected.length} webhook messages were expected and ${new Set(keys).size} came`]),
  ]
}
