import type { BucketName, BusOptions } from '../bus/bus.ts'
import { bucketId, bucketStreamId, streamId } from '../bus/streams.ts'

/** Subjects in the form that nats-server checks. What is not allowed is denied. */
export interface Grants {
  publish: string[]
  subscribe: string[]
  /** Taken out of `publish` again. */
  denyPublish?: string[]
}

/** Puts rights together, without repetition and in one order. */
export function grantAll(...parts: readonly Partial<Grants>[]): Grants {
  const collect = (of: 'publish' | 'subscribe'): string[] => [...new Set(parts.flatMap((part) => part[of] ?? []))].toSorted()
  return { publish: collect('publish'), subscribe: collect('subscribe') }
}

/** To know that a stream is there and how large it is. It also tells which subjects it holds, so which hosts there are. */
export function seeStreams({ streams, buckets }: BusOptions['needs'], namespace: string): Partial<Grants> {
  const names = [...streams.map((name) => streamId(name, namespace)), ...buckets.map((name) => bucketStreamId(name, namespace))]
  return { publish: names.map((name) => `$JS.API.STREAM.INFO.${name}`) }
}

/**
 * To work off one durable consumer. The server compares the filter in the body of the create request with the one in its subject, so the
 * name and the filter are pinned: nothing else of the stream can be read.
 */
export function consumeDurable(stream: string, durable: string, filter: string): Partial<Grants> {
  return {
    publish: [
      `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${filter}`,
      `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
      `$JS.ACK.${stream}.${durable}.>`,
      // Since 2.15 servers may put domain and account before the stream (feature flag js_ack_fc_v2).
      `$JS.ACK.*.*.${stream}.${durable}.>`,
    ],
  }
}

/** To follow all of a stream under one reader name, without acknowledging. */
export function followStream(stream: string, reader: string): Partial<Grants> {
  return {
    publish: [
      `$JS.API.CONSUMER.CREATE.${stream}.${reader}`,
      `$JS.API.CONSUMER.CREATE.${stream}.${reader}.>`,
      `$JS.API.CONSUMER.INFO.${stream}.${reader}`,
      `$JS.API.CONSUMER.DELETE.${stream}.${reader}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${reader}`,
    ],
  }
}

/** To get single keys of a bucket. A subject that ends in the key is the only way in, so the keys are pinned. */
export function readKeys(bucket: BucketName, keys: string, namespace: string): Partial<Grants> {
  return { publish: [`$JS.API.DIRECT.GET.${bucketStreamId(bucket, namespace)}.$KV.${bucketId(bucket, namespace)}.${keys}`] }
}

/** To read, list and watch a whole bucket. Nobody works off a bucket by a durable, so any reader name will do. */
export function readBucket(bucket: BucketName, namespace: string): Partial<Grants> {
  const stream = bucketStreamId(bucket, namespace)
  return grantAll(readKeys(bucket, '>', namespace), { publish: [`$JS.API.DIRECT.GET.${stream}`] }, followStream(stream, '*'))
}

export function writeKeys(bucket: BucketName, keys: string, namespace: string): Partial<Grants> {
  return { publish: [`$KV.${bucketId(bucket, namespace)}.${keys}`] }
}

/** To be listed by `nats micro ls`, and to answer what it asks. */
export function answerDiscovery(service: string): Partial<Grants> {
  return {
    subscribe: ['PING', 'INFO', 'STATS'].flatMap((verb) => [`$SRV.${verb}`, `$SRV.${verb}.${service}`, `$SRV.${verb}.${service}.*`]),
  }
}
