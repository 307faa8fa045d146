import type { Grants } from './grants.ts'

/** The object store that a host may use for its backups: one host cannot remove the backups of another. */
export function backupBucket(hostToken: string): string {
  return `backup_${hostToken}`
}

/**
 * What JetStream is asked about an object store that is there. Not among it: to make or change the stream, for the body of such a request may
 * name any other stream to take its messages from. An admin makes it.
 */
export function objectStoreVerbs(bucket: string): string[] {
  const stream = `OBJ_${bucket}`
  return [
    `STREAM.INFO.${stream}`,
    `STREAM.PURGE.${stream}`,
    `STREAM.MSG.GET.${stream}`,
    `DIRECT.GET.${stream}`,
    `DIRECT.GET.${stream}.>`,
    `CONSUMER.CREATE.${stream}`,
    `CONSUMER.CREATE.${stream}.>`,
    `CONSUMER.INFO.${stream}.*`,
    `CONSUMER.DELETE.${stream}.*`,
  ]
}

export function nextMessageVerb(bucket: string): string {
  return `CONSUMER.MSG.NEXT.OBJ_${bucket}.*`
}

/** Chunks and descriptions of objects. */
export function objectSubjects(bucket: string): string {
  return `$O.${bucket}.>`
}

/** To fill, read and prune one object store. */
export function useObjectStore(bucket: string): Partial<Grants> {
  return { publish: [...[...objectStoreVerbs(bucket), nextMessageVerb(bucket)].map((verb) => `$JS.API.${verb}`), objectSubjects(bucket)] }
}
