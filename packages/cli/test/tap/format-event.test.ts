import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseEvent } from '@nightshift/shared/events/parse'
import { formatEvent } from '../../src/tap/format-event.ts'

const folder = new URL('../../../../test/fixtures/events/v1/', import.meta.url)
const goldens = readdirSync(folder)
  .toSorted()
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { subject: string; event: Record<string, unknown> })
const format = (golden: { subject: string; event: object }): string =>
  formatEvent(parseEvent(golden.subject, new TextEncoder().encode(JSON.stringify(golden.event)))).slice('00:00:00  '.length)

describe('a line of nightshift tap', () => {
  test('says every kind of event in one sentence', () => {
    expect(goldens.map(format)).toMatchInlineSnapshot(`
      [
        "agent    collector on web-1 ready",
        "alert    critical web-down firing on web-1: web on web-1 is failing: connection refused: nothing listens on 127.0.0.1:8000",
        "audit    healer@web-1 heal.act restart-web: done: check web is failing",
        "backup   db completed on db-1: cloud: s3://backups/ns cannot be reached",
        "backup   db drill on db-1",
        "backup   shop restore_failed on db-1: the restore failed and was taken back: it is not well 30s after the restore: it answers 503",
        "backup   db verified on db-1",
        "backup   verify verify_failed on db-1: the pack 1f0c is gone with 312 blobs; run nightshift backup repair, then the backup: it stores again what it finds",
        "backup   db completed on db-1",
        "change   deploy on web-1 by minji: posture-api 1.4.2",
        "check    web on web-1 failed: connection refused: nothing listens on 127.0.0.1:8000",
        "dead     alerter could not process ops.metric.web-1.cpu: ops.metric.web-1.cpu: not JSON in UTF-8",
        "heal     restart-web acting on web-1, attempt 1 of 3: check web is failing",
        "health   web on web-1 is failing, was ok: connection refused: nothing listens on 127.0.0.1:8000",
        "log      error app on web-1: could not open camera *** (3 times)",
        "metric   cpu on web-1 usage_ratio=0.0731 user_ratio=0.05 system_ratio=0.0231 iowait_ratio=0.001 steal_ratio=0 idle_ratio=0.9259 cores=2",
        "notify   hook delivered: critical: web on web-1 is failing",
        "progress db on db-1 uploading packs",
        "report   daily sent: A quiet night: 1 alert, healed by itself in 6 s.",
      ]
    `)
  })

  test('never holds control characters of the payload, which could play tricks on a terminal', () => {
    const health = goldens.find(({ subject }) => subject.startsWith('ops.health.')) ?? { subject: '', event: {} }
    expect(format({ ...health, event: { ...health.event, error: '\u001b[2Jgone\u0007\nnext' } })).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/,
    )
  })
})
