import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { endThread, StopFlag } from '../../../src/archive/workers/stop-flag.ts'

const flagUrl = new URL('../../../src/archive/workers/stop-flag.ts', import.meta.url).href

/** Compresses without a pause until it is asked to end; says how it ended by its code. */
const busy = `
  import { workerData, parentPort } from 'node:worker_threads'
  import { zstdCompressSync } from 'node:zlib'
  import { StopFlag } from ${JSON.stringify(flagUrl)}
  const stop = new StopFlag(workerData)
  parentPort.postMessage('at work')
  for (;;) {
    stop.endIfRaised()
    zstdCompressSync(Buffer.alloc(512))
  }`

function start(source: string, flag: StopFlag): Worker {
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: flag.buffer })
}

test('a thread in the middle of its work ends by itself, between two blobs', async () => {
  for (let run = 0; run < 5; run++) {
    const flag = new StopFlag()
    const worker = start(busy, flag)
    await once(worker, 'message')
    await delay(run * 3)
    const exited = once(worker, 'exit')
    flag.raise()
    await endThread(worker, () => undefined)
    // A thread that `terminate` ends has 1.
    expect(await exited).toEqual([0])
  }
})

test('a thread that waits for a message is woken', async () => {
  const flag = new StopFlag()
  const source = `
    import { workerData, parentPort } from 'node:worker_threads'
    import { StopFlag } from ${JSON.stringify(flagUrl)}
    const stop = new StopFlag(workerData)
    parentPort.on('message', () => stop.endIfRaised())
    parentPort.postMessage('waiting')`
  const worker = start(source, flag)
  await once(worker, 'message')
  const exited = once(worker, 'exit')
  flag.raise()
  await endThread(worker, () => worker.postMessage('wake'))
  expect(await exited).toEqual([0])
})
