import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { MetricFileWriter } from '../../src/metric-file/metric-file-writer.ts'
import { keptLog } from '../kept-log.ts'

const patience = { timeout: 10_000, interval: 20 }

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-writer-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'metrics.log')
}

test.runIf(existsSync('/dev/full'))(
  'a full disk costs lines, which are counted; it is said once, and once more when there is room',
  async () => {
    const path = newPath()
    symlinkSync('/dev/full', path)
    const { log, lines } = keptLog()
    const writer = new MetricFileWriter({ path, maxBytes: 1000, keep: 1 }, log)
    onTestFinished(() => writer.stop())
    writer.add('first\n')
    await vi.waitFor(() => expect(writer.stats.errors).toBe(1), patience)
    writer.add('second\n')
    await vi.waitFor(() => expect(writer.stats.errors).toBe(2), patience)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('ENOSPC')
    rmSync(path)
    writer.add('third\n')
    await vi.waitFor(() => expect(writer.stats.lines).toBe(1), patience)
    expect(readFileSync(path, 'utf8')).toBe('third\n')
    expect(writer.stats.dropped).toBe(2)
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('again')
  },
)

test('what waits is bounded and the rest is counted; a stop writes what waits', async () => {
  const path = newPath()
  const writer = new MetricFileWriter({ path, maxBytes: 10_000_000, keep: 1 }, keptLog().log)
  const line = `${'x'.repeat(9_999)}\n`
  for (let number = 0; number < 200; number++) writer.add(line)
  await writer.stop()
  writer.add(line)
  expect(writer.stats).toEqual({ lines: 104, bytes: 1_040_000, dropped: 97, errors: 0 })
  expect(readFileSync(path, 'utf8')).toHaveLength(1_040_000)
})
