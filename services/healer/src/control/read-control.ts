import type { Bucket, Bus } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { ContractError } from '@nightshift/shared/errors'
import { controlBucketSchema, holdKey, killSwitchKey, type ControlRecord } from '@nightshift/shared/control/control-record'
import { standing, type Control } from './control-record.ts'

const readTimeoutMs = 5000

/** Reads the kill switch and the hold of this host afresh. Rejects when the bus cannot tell: then nobody may act. */
export function controlReader(bus: Bus, host: string, clock: Clock): () => Promise<Control> {
  const read = async (bucket: Bucket<ControlRecord>, key: string): Promise<string | null> => {
    try {
      return standing((await bucket.get(key))?.value, clock.now())
    } catch (error) {
      // Somebody pulled the switch with a value we cannot read: it is pulled.
      if (error instanceof ContractError) return `the value of ${key} cannot be read`
      throw error
    }
  }
  let opened: Promise<Bucket<ControlRecord>> | undefined
  const readBoth = async (): Promise<Control> => {
    // While the bus is away this waits; one waiting is enough, however often we are asked.
    opened ??= bus.bucket('control', controlBucketSchema)
    const bucket = await opened
    const [killSwitch, hold] = await Promise.all([read(bucket, killSwitchKey), read(bucket, holdKey(host))])
    return { killSwitch, hold }
  }
  return async () => {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${readTimeoutMs} ms`)), readTimeoutMs)
    })
    try {
      return await Promise.race([readBoth(), timeout])
    } finally {
      clearTimeout(timer)
    }
  }
}
