/** Tags of ours say what a snapshot is: `job=db`, `src=postgres`, `run=<ulid>`, `verified=<time>`, `safety=db` (taken right before a restore of db). Other tags are left alone. */
export type TagName = 'job' | 'src' | 'run' | 'verified' | 'repaired' | 'safety'

interface Tagged {
  readonly tags: readonly string[]
}

export function tagOf(name: TagName, value: string): string {
  return `${name}=${value}`
}

/** The value of our tag; undefined when there is none. */
export function tagValue(snapshot: Tagged, name: TagName): string | undefined {
  return snapshot.tags.find((tag) => tag.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** The tags with one of ours set anew. */
export function withTag(tags: readonly string[], name: TagName, value: string): string[] {
  return [...tags.filter((tag) => !tag.startsWith(`${name}=`)), tagOf(name, value)]
}
