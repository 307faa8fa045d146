import { setImmediate as letOthersWork } from 'node:timers/promises'

const partSize = 500

/** Takes many things up, a part at a time: in between the lease is renewed, which a hundred thousand at once would outlast. */
export async function inParts<T>(items: readonly T[], takeUp: (item: T) => Promise<void> | void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % partSize === 0) await letOthersWork()
    await takeUp(item)
  }
}
