import type { Verb } from './verb.ts'

export interface VerbEntry {
  readonly name: string
  readonly summary: string
  /** Loaded only when it is called. */
  load(): Promise<Verb>
}

const listed = async (): Promise<Verb> => (await import('./snapshots.ts')).snapshots

/** Every word after `nightshift backup`, in the order of its help. */
export const verbs: readonly VerbEntry[] = [
  { name: 'init', summary: 'make the repositories, print the recovery kit', load: async () => (await import('./init.ts')).init },
  { name: 'run', summary: 'back up now', load: async () => (await import('./run.ts')).run },
  { name: 'jobs', summary: 'how the jobs stand', load: async () => (await import('./jobs.ts')).jobs },
  { name: 'list', summary: 'what can be restored', load: listed },
  { name: 'snapshots', summary: 'the same', load: listed },
  { name: 'restore', summary: 'bring back what was backed up', load: async () => (await import('./restore.ts')).restore },
  { name: 'export', summary: 'write a snapshot into a zip or tar.gz', load: async () => (await import('./export.ts')).exportVerb },
  { name: 'delete', summary: 'remove one snapshot', load: async () => (await import('./delete.ts')).deleteVerb },
  { name: 'show', summary: 'one snapshot, with what was counted', load: async () => (await import('./show.ts')).show },
  { name: 'cancel', summary: 'end a run', load: async () => (await import('./cancel.ts')).cancel },
  { name: 'verify', summary: 'read what is stored', load: async () => (await import('./verify.ts')).verify },
  { name: 'drill', summary: 'restore into a scratch place and compare', load: async () => (await import('./drill.ts')).drill },
  { name: 'mirrors', summary: 'how far mirrors are behind', load: async () => (await import('./mirrors.ts')).mirrors },
  { name: 'check', summary: 'whether all that is stored can be restored', load: async () => (await import('./check.ts')).check },
  { name: 'repair', summary: 'put a damaged repository in order', load: async () => (await import('./repair.ts')).repair },
  { name: 'integrity', summary: 'whether databases are sound', load: async () => (await import('./integrity.ts')).integrity },
  { name: 'forget', summary: 'what goes and what stays, and why', load: async () => (await import('./forget.ts')).forget },
  { name: 'prune', summary: 'remove data that no snapshot needs', load: async () => (await import('./prune.ts')).prune },
  { name: 'unlock', summary: 'remove the locks of dead processes', load: async () => (await import('./unlock.ts')).unlock },
  { name: 'key', summary: 'list, add, rotate and remove passwords', load: async () => (await import('./key.ts')).key },
  { name: 'kit', summary: 'print the recovery kit', load: async () => (await import('./kit.ts')).kit },
  { name: 'serve', summary: 'let restic read a repository that it cannot reach', load: async () => (await import('./serve.ts')).serve },
]
