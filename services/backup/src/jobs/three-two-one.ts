/** What of a destination counts for the 3-2-1 rule. */
export interface CopyPlace {
  readonly name: string
  /** The kind of store stands for the medium: two folders of one host are one medium. */
  readonly medium: string
  readonly isOffSite: boolean
}

/** The 3-2-1 rule: three copies (the live data is one), on two media, one of them elsewhere. */
export interface CopyRule {
  readonly copies: number
  readonly media: number
  readonly offSite: number
  readonly isMet: boolean
  /** What is missing, in words; empty when it is met. */
  readonly missing: readonly string[]
}

/** Pure: how the places that hold a good copy stand to the rule. */
export function judgeCopies(places: readonly CopyPlace[]): CopyRule {
  const copies = 1 + places.length
  // The disk of the live data is a medium, and a folder of the same host is on it as far as anybody knows.
  const media = new Set(['local', ...places.map(({ medium }) => medium)]).size
  const offSite = places.filter(({ isOffSite }) => isOffSite).length
  const missing = [
    ...(copies < 3 ? [`${3 - copies} more ${copies === 2 ? 'destination' : 'destinations'}`] : []),
    ...(media < 2 ? ['a second kind of store'] : []),
    ...(offSite < 1 ? ['a destination that is off site'] : []),
  ]
  return { copies, media, offSite, isMet: missing.length === 0, missing }
}

/** Pure: whether the places that a run reached meet the rule; undefined where one destination was chosen. */
export function copiesMet(
  outcomes: readonly { name: string; error: string | null }[],
  destinations: Readonly<Record<string, { kind: string; off_site: boolean }>>,
): boolean | undefined {
  if (outcomes.length < 2) return undefined
  const places = outcomes.flatMap(({ name, error }): CopyPlace[] => {
    const destination = destinations[name]
    return destination === undefined || error !== null ? [] : [{ name, medium: destination.kind, isOffSite: destination.off_site }]
  })
  return judgeCopies(places).isMet
}
