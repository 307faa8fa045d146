import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { ConfigError } from '@nightshift/shared/errors'
import type { Recorded } from '@nightshift/alerter/simulate/memory-bus'
import { parseLine } from './recorded-line.ts'

export interface Recording {
  /** In the order in which they came. */
  readonly messages: Recorded[]
  /** Lines that are none of a recording. */
  readonly skipped: number
}

/** Memory that a replay may take for messages. */
export const maxReplayBytes = 1024 ** 3

/** Reads a file of `nightshift record`. Throws ConfigError `recording`. */
export async function readRecording(file: string): Promise<Recording> {
  const messages: Recorded[] = []
  let [skipped, sizeBytes] = [0, 0]
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      const message = parseLine(line)
      if (message === undefined) skipped++
      else {
        messages.push(message)
        sizeBytes += message.data.byteLength
      }
      if (sizeBytes > maxReplayBytes) throw new ConfigError('recording', `${file} holds more than 1 GiB; replay a part of it`)
    }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw new ConfigError('recording', `cannot read the recording ${file}`, { cause })
  }
  if (messages.length === 0) throw new ConfigError('recording', `${file} is no recording; nightshift record FILE makes one`)
  return { messages: messages.toSorted((a, b) => a.receivedMs - b.receivedMs), skipped }
}
