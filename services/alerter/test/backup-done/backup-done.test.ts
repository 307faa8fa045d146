import { afterEach, beforeEach, expect, test } from 'vitest'
import { isoTime } from '@nightshift/shared/clock'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { newId } from '@nightshift/shared/ids'
import { AlerterBed, until } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'

let bed: AlerterBed
let team: Receiver
let other: Receiver
beforeEach(async () => {
  ;[bed, team, other] = await Promise.all([AlerterBed.open(), startReceiver(), startReceiver()])
})
afterEach(async () => {
  await bed.close()
  await Promise.all([team.stop(), other.stop()])
})

async function tell(change: Partial<BackupEvent> = {}): Promise<void> {
  const atMs = Date.now()
  const event: BackupEvent = {
    v: 1,
    id: newId(atMs),
    time: isoTime(atMs),
    host: 'db-1',
    source: 'backup@db-1',
    correlation_id: 'run-1',
    job: 'db',
    phase: 'completed',
    run: 'run-1',
    snapshot: 'aa',
    size_bytes: 3 * 1024 ** 3,
    added_bytes: 1024 ** 2,
    duration_seconds: 75,
    next_due: null,
    error: null,
    name: 'backup_2025_10_21_0000',
    announce: true,
    ...change,
  }
  await bed.bus.publishEvent(`ops.backup.db-1.db.${event.phase}`, event)
}

const channels = (): Record<string, unknown> => ({
  team: { kind: 'slack', webhook_url: team.url },
  other: { kind: 'slack', webhook_url: other.url },
})

test('a backup that is done is said once, with its name, size, new bytes and how long it took', async () => {
  await bed.startWorking({ channels: channels(), backup_done: { channels: ['team'] } })
  await tell()
  await tell({ phase: 'verified', announce: undefined })
  await until(() => team.requests.length > 0)
  const body = JSON.parse(team.last().body) as { text: string; attachments: { text: string; color: string }[] }
  expect(body.text).toBe('🗄️ Backup complete: `backup_2025_10_21_0000`')
  expect(body.attachments).toMatchObject([{ color: 'good', text: '3 GiB, 1 MiB new, in 1m15s' }])
  await tell({ name: 'the-next' })
  await until(() => team.requests.length > 1)
  expect(team.requests).toHaveLength(2)
  expect(other.requests).toHaveLength(0)
})

test('nothing is said of a job that is not to be announced, of an old backup, or of one that failed', async () => {
  await tell({ name: 'old', time: isoTime(Date.now() - 2 * 3_600_000) })
  await bed.startWorking({ channels: channels() })
  await tell({ announce: false })
  await tell({ phase: 'failed' })
  await tell({ name: 'the-one' })
  await until(() => team.requests.length > 0 && other.requests.length > 0)
  expect([...team.requests, ...other.requests].map(({ body }) => body).join('\n')).not.toContain('old')
  expect(team.requests).toHaveLength(1)
})
