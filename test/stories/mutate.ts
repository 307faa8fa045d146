import type { Golden } from '@nightshift/cli/generate/golden'
import { kinds, type Kind } from '@nightshift/shared/subjects'

export interface Mutant {
  subject: string
  data: Uint8Array
}

type Random = () => number

const encoder = new TextEncoder()
const oddValues: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  -0.5,
  '',
  'x',
  'a'.repeat(9000),
  [],
  [1],
  {},
  { a: { b: { c: [] } } },
  '\u0000\u001b[2J',
  '2026-13-45T00:00:00.000Z',
  '<script>alert(1)</script>',
  '../../etc/passwd',
]
const oddTokens = ['', '*', '>', 'WEB', 'web-1', 'web-2', '_fleet', '_zz', 'a_2eb', 'toString', '__proto__', 'x'.repeat(200)]

/**
 * One message from outside: a golden payload that was bent at random (fields changed, dropped, added, another host, another subject,
 * bytes flipped, cut), or plain noise. Some are still good.
 */
export function mutate(goldens: ReadonlyMap<Kind, Golden>, random: Random): Mutant {
  const kind = pick(kinds, random)
  const golden = goldens.get(kind)
  if (golden === undefined) throw new Error(`no golden payload of ${kind}`)
  const event: Record<string, unknown> = structuredClone(golden.event)
  const changes = Math.floor(random() * 4)
  for (let change = 0; change < changes; change++) bend(event, random)
  const subject = random() < 0.15 ? bendSubject(golden.subject, random) : golden.subject
  return { subject, data: bendBytes(encoder.encode(random() < 0.05 ? JSON.stringify(oddValue(random)) : JSON.stringify(event)), random) }
}

function bend(event: Record<string, unknown>, random: Random): void {
  const field = pick(Object.keys(event), random)
  const nested = event[field]
  const dice = random()
  if (dice < 0.2) delete event[field]
  else if (dice < 0.3) event['host'] = pick(['web-2', 'WEB-1', '', null, 7, '_fleet'], random)
  else if (dice < 0.4) event[pick(['__proto__', 'constructor', 'toJSON', 'field_of_version_2'], random)] = oddValue(random)
  else if (dice < 0.5) event['id'] = `mutant-${Math.floor(random() * 1e9)}`
  else if (dice < 0.7 && isRecord(nested) && Object.keys(nested).length > 0) nested[pick(Object.keys(nested), random)] = oddValue(random)
  else event[field] = oddValue(random)
}

/** Always one that a server takes: no blanks, no empty tokens, no wildcards. */
function bendSubject(subject: string, random: Random): string {
  const tokens = subject.split('.')
  const index = 1 + Math.floor(random() * (tokens.length - 1))
  const token = pick(oddTokens, random)
  if (random() < 0.3) tokens.splice(index, 1)
  else if (random() < 0.5) tokens.splice(index, 0, token)
  else tokens[index] = token
  const bent = tokens.filter((part) => part !== '' && part !== '*' && part !== '>')
  return bent.length < 2 ? subject : bent.join('.')
}

function bendBytes(data: Uint8Array, random: Random): Uint8Array {
  const dice = random()
  if (dice < 0.05) return data.slice(0, Math.floor(random() * data.length))
  if (dice < 0.1) {
    const flipped = data.slice()
    for (let flip = 0; flip < 3; flip++) flipped[Math.floor(random() * flipped.length)] = Math.floor(random() * 256)
    return flipped
  }
  if (dice < 0.12) return Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256))
  return data
}

function oddValue(random: Random): unknown {
  return structuredClone(pick(oddValues, random))
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random() * from.length)] as T
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
