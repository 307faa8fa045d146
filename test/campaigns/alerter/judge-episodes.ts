import { longMs, type Step } from './cast.ts'
import type { Finding } from './finding.ts'
import type { Mention } from './hearing.ts'

/** Alerts that begin and end once: who stood for long is told of, and so is the end of all that was told of. */
export function judgeEpisodes(
  kind: 'group' | 'team' | 'mail',
  steps: ReadonlyMap<string, readonly Step[]>,
  mentions: readonly Mention[],
  { isEndAlwaysTold, hidden }: { isEndAlwaysTold: boolean; hidden: number },
): Finding[] {
  const told = new Set(mentions.map(({ name, phase }) => `${name} ${phase}`))
  const nowMs = performance.now()
  const untold = [...steps].flatMap(([name, [begin, end]]): Finding[] => {
    if (!name.startsWith(`${kind}-`) || begin === undefined) return []
    const story = { name, fromMs: begin.atMs, toMs: nowMs }
    const stoodMs = (end?.atMs ?? nowMs) - begin.atMs
    const isTold = told.has(`${name} firing`)
    if (!isTold && stoodMs >= longMs) return [{ what: `${name} stood for ${Math.round(stoodMs / 1000)} s and is not told of`, ...story }]
    if (end !== undefined && (isTold || isEndAlwaysTold) && !told.has(`${name} resolved`))
      return [{ what: `the end of ${name} is not told of`, ...story }]
    return []
  })
  const unknown = mentions.filter(
    ({ name, phase }) => name.startsWith(`${kind}-`) && !steps.get(name)?.some((step) => step.phase === phase),
  )
  // A message shows so many alerts and counts the rest.
  return [
    ...(untold.length <= hidden ? [] : untold),
    ...unknown.map(({ name, phase }) => ({ what: `${name} is told as ${phase} and never was`, name, fromMs: 0, toMs: nowMs })),
  ]
}
