import { closeSync, openSync, read } from 'node:fs'
import { promisify } from 'node:util'
import { untilAnswered } from './pending-requests.ts'

const readInThread = promisify(read)

/**
 * The start of a file of /proc or /sys whose reading may wait for somebody: for a driver, or for a process that is just starting another
 * program. Opening such a file waits for nobody, so only the reading goes to a thread, which costs a fifth of `readFile`.
 */
export async function readPatiently(path: string, maxBytes = 4096): Promise<string> {
  const descriptor = openSync(path, 'r')
  try {
    const { buffer, bytesRead } = await untilAnswered(
      async () => await readInThread(descriptor, Buffer.allocUnsafe(maxBytes), 0, maxBytes, 0),
    )
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    closeSync(descriptor)
  }
}
