import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import type { Material, SourceContext } from '../../src/sources/source.ts'

/** What a source is opened with in a test; its folder is removed at the end of the test. */
export function sourceContext(changes: Partial<SourceContext> = {}): SourceContext {
  return {
    job: 'test',
    workDir: temporaryFolder(),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    ...changes,
  }
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-source-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Reads every stream of the material into files under the folder, as a restore would. */
export async function dumpTo(material: Material, folder: string): Promise<void> {
  for (const stream of material.streams) {
    const file = join(folder, stream.path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, await readAll(await stream.open(new AbortController().signal)))
  }
}
