import type { SourceDefinition } from './source.ts'
import { capItems, label, unsupported, type Item } from './source.ts'
import { exclusion } from '../globs/exclusion.ts'
import { listSensors, readCelsius, type Sensor } from '../devices/sensors.ts'

/** Sensors come and go with modules and disks, but not often. */
const listEveryMs = 60_000

export const tempSource: SourceDefinition<'temp'> = {
  group: 'temp',
  open(host, config, { clock }) {
    const isExcluded = exclusion(config.exclude)
    let sensors: readonly Sensor[] = []
    let listedMs = Number.NEGATIVE_INFINITY
    let hadAny = false
    return {
      async read() {
        const nowMs = clock.monotonicMs()
        if (nowMs - listedMs >= listEveryMs) {
          sensors = await listSensors(host.sys)
          listedMs = nowMs
        }
        hadAny ||= sensors.length > 0
        if (!hadAny) throw unsupported('this machine shows no temperature sensor; virtual machines have none')
        const { kept, overflow } = capItems(sensors.filter(({ chip }) => !isExcluded(chip)))
        const items: Item[] = []
        // One after the other: a driver that hangs holds one thread, not all.
        for (const sensor of kept) items.push(await sensorItem(sensor))
        return { items, overflow, unreadable: items.filter((item) => item['temperature_celsius'] === null).length }
      },
      close: () => undefined,
    }
  },
}

async function sensorItem({ chip, name, input, highCelsius, criticalCelsius }: Sensor): Promise<Item> {
  return {
    chip: label(chip),
    sensor: label(name),
    temperature_celsius: (await readCelsius(input)) ?? null,
    ...(highCelsius === undefined ? {} : { high_celsius: highCelsius }),
    ...(criticalCelsius === undefined ? {} : { critical_celsius: criticalCelsius }),
  }
}
