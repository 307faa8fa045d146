import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Spool } from '@nightshift/shared/bus/spool'
import type { SpoolRecord } from '@nightshift/shared/bus/spool-record'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { recordingLog, temporaryFolder } from './fixture.ts'

const mebibyte = 1024 * 1024

function record(n: number, subject = `ops.health.web-1.check-${n}`, fields: Record<string, unknown> = {}): SpoolRecord {
  const id = `id-${String(n).padStart(6, '0')}`
  return { id, subject, data: new TextEncoder().encode(JSON.stringify({ id, n, ...fields })) }
}

async function openSpool(folder: string, maxBytes = mebibyte, log = recordingLog().log): Promise<Spool> {
  const spool = await Spool.open(folder, maxBytes, log)
  onTestFinished(() => spool.close())
  return spool
}

/** What the disk holds when the process dies now. */
function imageOf(folder: string): string {
  const image = temporaryFolder()
  cpSync(folder, image, { recursive: true })
  return image
}

async function drain(spool: Spool): Promise<SpoolRecord[]> {
  const records: SpoolRecord[] = []
  for (let next = await spool.peek(); next !== undefined; next = await spool.peek()) {
    records.push(next)
    await spool.advance()
  }
  return records
}

const numbers = (records: SpoolRecord[]): number[] => records.map(({ id }) => Number(id.slice(3)))
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

describe('the spool', () => {
  it('gives events back in order and with their very bytes', async () => {
    const spool = await openSpool(temporaryFolder())
    await spool.append([record(1), record(2, 'ops.health.web-1.http', { detail: 'ünï "quoted" \n', ratio: 0.1 })])
    await spool.append([record(3)])
    expect(spool.length).toBe(3)
    const records = await drain(spool)
    expect(numbers(records)).toEqual([1, 2, 3])
    expect(text(records[1]?.data ?? new Uint8Array())).toBe(text(record(2, '', { detail: 'ünï "quoted" \n', ratio: 0.1 }).data))
    expect(spool.length).toBe(0)
  })

  it('leaves no file behind when it is empty', async () => {
    const folder = temporaryFolder()
    const spool = await openSpool(folder)
    await spool.append([record(1)])
    expect(readdirSync(folder)).toEqual(['events.ndjson'])
    await drain(spool)
    expect(readdirSync(folder)).toEqual([])
    await spool.append([record(2)])
    expect(numbers(await drain(spool))).toEqual([2])
  })

  it('goes on after a clean stop where it was', async () => {
    const folder = temporaryFolder()
    const first = await openSpool(folder)
    await first.append([1, 2, 3, 4, 5].map((n) => record(n)))
    for (let sent = 0; sent < 2; sent++) {
      await first.peek()
      await first.advance()
    }
    await first.close()
    const second = await openSpool(folder)
    expect(second.length).toBe(3)
    await second.append([record(6)])
    expect(numbers(await drain(second))).toEqual([3, 4, 5, 6])
  })

  it('sends at most 128 events again after a crash', async () => {
    const folder = temporaryFolder()
    const first = await openSpool(folder)
    await first.append(Array.from({ length: 500 }, (_, n) => record(n)))
    for (let sent = 0; sent < 300; sent++) {
      await first.peek()
      await first.advance()
    }
    const second = await openSpool(imageOf(folder))
    const again = numbers(await drain(second))
    expect(again[0]).toBe(256)
    expect(again.at(-1)).toBe(499)
  })

  it('counts progress of an earlier file for nothing', async () => {
    const folder = temporaryFolder()
    const first = await openSpool(folder)
    await first.append(Array.from({ length: 200 }, (_, n) => record(n)))
    for (let sent = 0; sent < 130; sent++) {
      await first.peek()
      await first.advance()
    }
    const progress = readFileSync(join(folder, 'events.progress'))
    await drain(first)
    await first.append([record(1000), ...Array.from({ length: 300 }, (_, n) => record(1001 + n))])
    const image = imageOf(folder)
    writeFileSync(join(image, 'events.progress'), progress)
    const second = await openSpool(image)
    expect(numbers(await drain(second))[0]).toBe(1000)
  })

  it('survives a crash at every byte of an append: nothing promised is lost, nothing half is sent', async () => {
    const folder = temporaryFolder()
    const spool = await openSpool(folder)
    await spool.append([record(1), record(2)])
    const path = join(folder, 'events.ndjson')
    const promisedBytes = statSync(path).size
    await spool.append([record(3, 'ops.health.web-1.ü', { detail: 'é' })])
    await spool.close()
    const whole = statSync(path).size
    const crashed = temporaryFolder()
    for (let size = promisedBytes; size < whole; size++) {
      cpSync(path, join(crashed, 'events.ndjson'))
      truncateSync(join(crashed, 'events.ndjson'), size)
      const reopened = await openSpool(crashed)
      expect(reopened.damaged, `cut at ${size}`).toBe(size === promisedBytes ? 0 : 1)
      await reopened.append([record(4)])
      expect(numbers(await drain(reopened)), `cut at ${size}`).toEqual([1, 2, 4])
    }
  })

  it('survives any number of appends, sends and crashes in any order', async () => {
    const append = fc.record({ append: fc.integer({ min: 1, max: 5 }) })
    const send = fc.record({ send: fc.integer({ min: 1, max: 8 }) })
    const crash = fc.record({ crash: fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 0x0a)) })
    const steps = fc.array(fc.oneof(append, send, crash), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        let folder = temporaryFolder()
        let spool = await openSpool(folder)
        const appended: number[] = []
        const sent = new Set<number>()
        for (const step of plan) {
          if ('crash' in step) {
            folder = imageOf(folder)
            if (existsSync(join(folder, 'events.ndjson'))) appendFileSync(join(folder, 'events.ndjson'), step.crash)
            spool = await openSpool(folder)
          } else if ('append' in step) {
            const batch = Array.from({ length: step.append }, (_, at) => record(appended.length + at))
            await spool.append(batch)
            appended.push(...numbers(batch))
          } else {
            for (let at = 0; at < step.send; at++) {
              const next = await spool.peek()
              if (next) sent.add(numbers([next])[0] ?? -1)
              await spool.advance()
            }
          }
        }
        const rest = numbers(await drain(await openSpool(imageOf(folder))))
        expect(rest).toEqual(rest.toSorted((a, b) => a - b))
        expect(new Set([...sent, ...rest])).toEqual(new Set(appended))
      }),
      { numRuns: 60 },
    )
  })

  it('passes over a damaged line, counts it and says so', async () => {
    const folder = temporaryFolder()
    const spool = await openSpool(folder)
    await spool.append([record(1), record(2), record(3)])
    await spool.close()
    const path = join(folder, 'events.ndjson')
    const lines = readFileSync(path, 'utf8').split('\n')
    lines[2] = '\u0000'.repeat(lines[2]?.length ?? 0)
    writeFileSync(path, lines.join('\n'))
    const { log, lines: said } = recordingLog()
    const reopened = await openSpool(folder, mebibyte, log)
    expect(numbers(await drain(reopened))).toEqual([1, 3])
    expect(reopened.damaged).toBe(1)
    expect(said).toContainEqual(expect.objectContaining({ code: 'spool_damaged' }))
  })

  it('never reads a file of another version or kind, and never throws it away', async () => {
    for (const [content, suffix] of [
      ['{"nightshift_spool":99,"generation":"g"}\n{"future":true}\n', 'version-99'],
      ['\u0000\u0000\u0000', 'damaged'],
      ['[1,2]\n', 'damaged'],
    ] as const) {
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'events.ndjson'), content)
      const spool = await openSpool(folder)
      expect(spool.length).toBe(0)
      expect(readFileSync(join(folder, `events.ndjson.${suffix}`), 'utf8')).toBe(content)
      await spool.append([record(1)])
      expect(numbers(await drain(spool))).toEqual([1])
    }
  })

  it('refuses with spool_failed when the disk fails', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    await expect(openSpool(join(folder, 'file', 'spool'))).rejects.toMatchObject({ code: 'spool_failed' })
    const spool = await openSpool(join(folder, 'spool'))
    mkdirSync(join(folder, 'spool', 'events.ndjson.tmp'))
    await expect(spool.append([record(1)])).rejects.toMatchObject({ code: 'spool_failed', transient: false })
    expect(spool.length).toBe(0)
  })
})

describe('a full spool', () => {
  const smallBytes = 64 * 1024
  const padding = { padding: 'x'.repeat(500) }

  it('keeps the last event of each subject, in order, and says so', async () => {
    const { log, lines } = recordingLog()
    const spool = await openSpool(temporaryFolder(), smallBytes, log)
    const subjects = ['http', 'tcp', 'process'].map((check) => `ops.health.web-1.${check}`)
    for (let n = 0; n < 600; n++) await spool.append([record(n, subjects[n % 3], padding)])
    expect(spool.bytes).toBeLessThanOrEqual(smallBytes)
    expect(spool.compacted).toBeGreaterThan(0)
    expect(spool.dropped).toBe(0)
    expect(spool.length + spool.compacted).toBe(600)
    const left = numbers(await drain(spool))
    expect(left.slice(-3)).toEqual([597, 598, 599])
    expect(left).toEqual(left.toSorted((a, b) => a - b))
    expect(lines).toContainEqual(expect.objectContaining({ code: 'spool_full' }))
  })

  it('tells alerts on one subject apart by their fingerprint', async () => {
    const spool = await openSpool(temporaryFolder(), smallBytes)
    const subject = 'ops.alert.web-1.disk-full.firing'
    await spool.append([record(1, subject, { fingerprint: 'root' }), record(2, subject, { fingerprint: 'home' })])
    for (let n = 3; n < 400; n++) await spool.append([record(n, 'ops.health.web-1.http', padding)])
    expect(numbers(await drain(spool)).slice(0, 2)).toEqual([1, 2])
  })

  it('drops the oldest when even the last of each subject are too many', async () => {
    const spool = await openSpool(temporaryFolder(), smallBytes)
    for (let n = 0; n < 400; n++) await spool.append([record(n, undefined, padding)])
    expect(spool.dropped).toBeGreaterThan(0)
    expect(spool.length + spool.dropped).toBe(400)
    const left = numbers(await drain(spool))
    expect(left.at(-1)).toBe(399)
    expect(left).toEqual(Array.from(left, (_, at) => (left[0] ?? 0) + at))
  })

  it('first gives up what was sent already', async () => {
    const spool = await openSpool(temporaryFolder(), smallBytes)
    const sent: SpoolRecord[] = []
    for (let n = 0; n < 600; n++) {
      await spool.append([record(n, undefined, padding)])
      if (spool.length <= 50) continue
      sent.push((await spool.peek()) as SpoolRecord)
      await spool.advance()
    }
    expect(numbers(sent)).toEqual(Array.from({ length: 550 }, (_, at) => at))
    expect(spool.compacted + spool.dropped).toBe(0)
    expect(numbers(await drain(spool))).toEqual(Array.from({ length: 50 }, (_, at) => 550 + at))
  })

  it('is what it was, or what it shall be, when it crashes while it is rewritten', async () => {
    const folder = temporaryFolder()
    const spool = await openSpool(folder, smallBytes)
    for (let n = 0; n < 50; n++) await spool.append([record(n)])
    writeFileSync(join(folder, 'events.ndjson.tmp'), readFileSync(join(folder, 'events.ndjson')).subarray(0, 5000))
    const image = imageOf(folder)
    const reopened = await openSpool(image, smallBytes)
    expect(numbers(await drain(reopened))).toHaveLength(50)
    expect(readdirSync(image)).toEqual([])
  })
})
