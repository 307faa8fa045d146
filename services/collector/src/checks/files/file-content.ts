import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import type { CheckConfig } from '../../config.ts'
import { judgeText } from '../expectations/text-expectation.ts'

type FileCheckConfig = Extract<CheckConfig, { kind: 'file' }>

/** What is searched for text. */
const maxTextBytes = 1024 * 1024
/** What is hashed; some two seconds of work in other threads. */
const maxHashedBytes = 1024 * 1024 * 1024

/** What is wrong with the content of a file, in words that follow its name; undefined when nothing is, or nothing is asked. */
export async function judgeContent(config: FileCheckConfig, path: string, stats: Stats, signal: AbortSignal): Promise<string | undefined> {
  const { contains, not_contains: unwanted, matches, sha256 } = config
  const isTextAsked = contains !== undefined || unwanted !== undefined || matches !== undefined
  if (!isTextAsked && sha256 === undefined) return undefined
  // To open a pipe is to wait for somebody who writes to it.
  if (!stats.isFile()) return 'is no regular file, so that its content cannot be read'
  if (isTextAsked) {
    const problem = judgeText(config, await readStart(path, stats.size), 'its content', stats.size > maxTextBytes)
    if (problem !== undefined) return `is not as it should be: ${problem}`
  }
  if (sha256 === undefined) return undefined
  if (stats.size > maxHashedBytes) return `has ${stats.size} bytes, too many to be hashed: ${maxHashedBytes} are`
  const hash = await hashOf(path, signal)
  return hash === sha256 ? undefined : `has the SHA-256 ${hash}, not the one expected: it was changed`
}

/** A buffer of the whole megabyte would cost more than all the rest: files that are looked at are small, or grow while they are read. */
async function readStart(path: string, sizeBytes: number): Promise<Buffer> {
  await using file = await open(path, 'r')
  const wantedBytes = Math.min(maxTextBytes, Math.max(sizeBytes, 4096))
  const buffer = Buffer.allocUnsafeSlow(wantedBytes)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, wantedBytes - length, length)
    length += bytesRead
    if (bytesRead === 0 || length === wantedBytes) return buffer.subarray(0, length)
  }
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  await using file = await open(path, 'r')
  const hash = createHash('sha256')
  for await (const chunk of file.createReadStream({ autoClose: false, signal, end: maxHashedBytes })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
