import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream'
import { nanos, nuid } from '@nats-io/transport-node'
import { unlessBroken, type Live } from '@nightshift/shared/bus/live'
import { inWindow } from './in-window.ts'
import { parseObjectInfo, type BucketSubjects, type ObjectInfo, type StoredObject } from './object-info.ts'

const batchSize = 1000
const batchExpiresMs = 5000
const forgottenAfterMs = 30_000
const getsAtOnce = 16

/**
 * Every object of a bucket. Which there are, the stream itself says; a reader brings most of their descriptions, and those that it did not
 * bring are asked for one by one: readers of nats-server 2.9 can miss some while others write, and whoever prunes must miss none.
 */
export async function listObjects(live: Live, subjects: BucketSubjects, signal: AbortSignal | undefined): Promise<ObjectInfo[]> {
  const wanted = await subjectsIn(live, subjects.stream, subjects.allInfos)
  const infos = new Map<string, ObjectInfo>()
  if (wanted.length > getsAtOnce) await readDescriptions(live, subjects, infos, signal)
  const missing = wanted.filter((subject) => !infos.has(subject))
  await inWindow(missing.length, getsAtOnce, async (index) => {
    signal?.throwIfAborted()
    const subject = missing[index] ?? ''
    const object = await getObject(live, subjects.stream, subject)
    if (object !== undefined) infos.set(subject, object.info)
  })
  return wanted.flatMap((subject) => infos.get(subject) ?? []).filter((info) => info.deleted !== true)
}

/** The description that stands under a subject, also that of an object which was deleted. */
export async function getObject(live: Live, stream: string, subject: string): Promise<StoredObject | undefined> {
  const message = await unlessBroken(live, live.jsm.streams.getMessage(stream, { last_by_subj: subject }))
  const info = message === null ? undefined : parseObjectInfo(message.data)
  return message === null || info === undefined ? undefined : { info, revision: message.seq }
}

/** The subjects that hold messages. */
export async function subjectsIn(live: Live, stream: string, filter: string): Promise<string[]> {
  const { state } = await unlessBroken(live, live.jsm.streams.info(stream, { subjects_filter: filter }))
  return Object.keys(state.subjects ?? {})
}

async function readDescriptions(
  live: Live,
  subjects: BucketSubjects,
  infos: Map<string, ObjectInfo>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { jsm, js } = live
  const { name, num_pending: pending } = await unlessBroken(
    live,
    jsm.consumers.add(subjects.stream, {
      name: `nightshift_list_${nuid.next()}`,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.LastPerSubject,
      filter_subject: subjects.allInfos,
      mem_storage: true,
      inactive_threshold: nanos(forgottenAfterMs),
    }),
  )
  const consumer = await unlessBroken(live, js.consumers.get(subjects.stream, name))
  for (let left = pending; left > 0;) {
    signal?.throwIfAborted()
    let got = 0
    for await (const message of await consumer.fetch({ max_messages: Math.min(left, batchSize), expires: batchExpiresMs })) {
      const info = parseObjectInfo(message.data)
      if (info !== undefined) infos.set(message.subject, info)
      got++
    }
    if (got === 0 || live.broken.aborted) break
    left -= got
  }
  await unlessBroken(live, jsm.consumers.delete(subjects.stream, name))
}
