import { knownFields, shareOf, times, type Known } from '../sources/known-fields.ts'
import { label, type Item } from '../sources/source.ts'

const mebibyte = 1024 ** 2

/** What nvidia-smi is asked for, in this order; all of them are known to drivers of the last ten years. */
export const nvidiaColumns = [
  'index',
  'pci.bus_id',
  'name',
  'utilization.gpu',
  'memory.total',
  'memory.used',
  'temperature.gpu',
  'power.draw',
  'power.limit',
  'fan.speed',
  'clocks.sm',
  'ecc.errors.uncorrected.volatile.total',
] as const

/** One line of `--format=csv,noheader,nounits` as an item; undefined when it is none, such as a message of the driver. */
export function parseNvidiaLine(line: string): Item | undefined {
  const columns = line.split(', ').map((column) => column.trim())
  const [index = '', bus = '', name = '', ...values] = columns
  if (columns.length !== nvidiaColumns.length || !/^\d{1,3}$/.test(index)) return undefined
  const [usage, memoryTotal, memoryUsed, temperature, power, powerLimit, fan, clock, eccErrors] = values.map(parseValue)
  const [totalBytes, usedBytes] = [times(memoryTotal, mebibyte), times(memoryUsed, mebibyte)]
  return {
    index,
    vendor: 'nvidia',
    name: label(name),
    bus: label(bus.toLowerCase()),
    ...knownFields({
      usage_ratio: times(usage, 0.01),
      memory_total_bytes: totalBytes,
      memory_used_bytes: usedBytes,
      memory_used_ratio: shareOf(usedBytes, totalBytes),
      temperature_celsius: temperature,
      power_watts: power,
      power_limit_watts: powerLimit,
      fan_ratio: times(fan, 0.01),
      clock_hertz: times(clock, 1e6),
      ecc_errors_total: eccErrors,
    }),
  }
}

/** Undefined for what the card does not have, null for what it has but cannot tell now (`[Unknown Error]`, `[GPU requires reset]`). */
function parseValue(text: string): Known {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text)
  return /^\[?(?:N\/A|Not Supported)\]?$/i.test(text) ? undefined : null
}
