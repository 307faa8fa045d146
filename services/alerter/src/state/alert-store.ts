import { encodeToken } from '@nightshift/shared/host-token'
import { hostToken } from '@nightshift/shared/subjects'
import type { FencedBucket } from './fenced-bucket.ts'
import type { GroupRecord } from '../group/group-record.ts'
import type { AlertRecord, Checkpoint, HealthRecord, Stored } from './stored.ts'

/** Everything of a shard, as it was stored last. */
export interface Loaded {
  readonly alerts: readonly AlertRecord[]
  readonly health: readonly HealthRecord[]
  readonly groups: readonly GroupRecord[]
  /** undefined on the very first start. */
  readonly checkpoint: Checkpoint | undefined
  /** Keys whose value cannot be read, each with what is wrong. */
  readonly unreadable: readonly string[]
}

/** What a shard keeps in the bucket `alerts`: a key per alert, group and check, and its checkpoint. */
export class AlertStore {
  readonly #bucket: FencedBucket<Stored>
  readonly #token: number
  readonly #checkpointKey: string

  constructor(bucket: FencedBucket<Stored>, token: number, shard: number) {
    this.#bucket = bucket
    this.#token = token
    this.#checkpointKey = `checkpoint.${shard}`
  }

  async load(): Promise<Loaded> {
    const entries = await this.#bucket.load()
    const values = entries.map(([, value]) => value)
    return {
      alerts: values.filter((value) => value.kind === 'alert'),
      groups: values.filter((value) => value.kind === 'group'),
      health: values.filter((value) => value.kind === 'health'),
      checkpoint: entries.flatMap(([key, value]) => (key === this.#checkpointKey && value.kind === 'checkpoint' ? [value] : []))[0],
      unreadable: entries.flatMap(([key, value]) => (value.kind === 'unreadable' ? [`${key}: ${value.problem}`] : [])),
    }
  }

  async saveAlert(record: AlertRecord): Promise<void> {
    await this.#bucket.put(alertKey(record), { ...record, token: this.#token })
  }

  async forgetAlert(record: AlertRecord): Promise<void> {
    await this.#bucket.delete(alertKey(record))
  }

  async saveGroup(record: Omit<GroupRecord, 'kind' | 'token'>): Promise<void> {
    await this.#bucket.put(groupKey(record.group.id), { kind: 'group', token: this.#token, ...record })
  }

  async forgetGroup(id: string): Promise<void> {
    await this.#bucket.delete(groupKey(id))
  }

  async saveHealth(record: HealthRecord): Promise<void> {
    await this.#bucket.put(healthKey(record), { ...record, token: this.#token })
  }

  async forgetHealth(record: HealthRecord): Promise<void> {
    await this.#bucket.delete(healthKey(record))
  }

  async saveCheckpoint(checkpoint: Omit<Checkpoint, 'kind' | 'token'>): Promise<void> {
    await this.#bucket.put(this.#checkpointKey, { kind: 'checkpoint', token: this.#token, ...checkpoint })
  }
}

function alertKey(record: AlertRecord): string {
  return `alert.${record.series.fingerprint}`
}

function groupKey(id: string): string {
  return `group.${id}`
}

function healthKey(record: HealthRecord): string {
  return `health.${hostToken(record.host)}.${encodeToken(record.check)}`
}
