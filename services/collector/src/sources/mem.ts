import { ContractError } from '@nightshift/shared/errors'
import { KeptFile } from '../procfs/kept-file.ts'
import { ratio } from './rates.ts'
import type { Fields, SourceDefinition } from './source.ts'

export interface Memory {
  readonly totalBytes: number
  readonly availableBytes: number
  /** Absent where the system does not tell. */
  readonly freeBytes?: number | undefined
  readonly buffersBytes?: number | undefined
  readonly cachedBytes?: number | undefined
  readonly swapTotalBytes: number
  readonly swapFreeBytes: number
}

export const memSource: SourceDefinition<'mem'> = {
  group: 'mem',
  open(host) {
    const file = new KeptFile(`${host.proc}/meminfo`)
    return {
      read: () => ({ fields: memFields(parseMeminfo(file.readText())) }),
      close: () => file.close(),
    }
  },
}

/** /proc/meminfo, whose numbers are in KiB whatever it calls them. */
export function parseMeminfo(text: string): Memory {
  const total = findBytes(text, 'MemTotal')
  // Kernels before 3.14 have no MemAvailable; free plus what can be dropped is what they had people compute.
  const available =
    findBytes(text, 'MemAvailable') ?? sum(findBytes(text, 'MemFree'), findBytes(text, 'Buffers'), findBytes(text, 'Cached'))
  if (total === undefined || available === undefined)
    throw new ContractError('proc_format', '/proc/meminfo does not tell total and available memory')
  return {
    totalBytes: total,
    availableBytes: Math.min(available, total),
    freeBytes: findBytes(text, 'MemFree'),
    buffersBytes: findBytes(text, 'Buffers'),
    cachedBytes: findBytes(text, 'Cached'),
    swapTotalBytes: findBytes(text, 'SwapTotal') ?? 0,
    swapFreeBytes: findBytes(text, 'SwapFree') ?? 0,
  }
}

export function memFields(memory: Memory): Fields {
  const usedBytes = memory.totalBytes - memory.availableBytes
  const swapUsedBytes = Math.max(0, memory.swapTotalBytes - memory.swapFreeBytes)
  return {
    total_bytes: memory.totalBytes,
    available_bytes: memory.availableBytes,
    used_bytes: usedBytes,
    used_ratio: ratio(usedBytes, memory.totalBytes),
    ...(memory.freeBytes === undefined ? {} : { free_bytes: memory.freeBytes }),
    ...(memory.buffersBytes === undefined ? {} : { buffers_bytes: memory.buffersBytes }),
    ...(memory.cachedBytes === undefined ? {} : { cached_bytes: memory.cachedBytes }),
    swap_total_bytes: memory.swapTotalBytes,
    swap_used_bytes: swapUsedBytes,
    swap_used_ratio: ratio(swapUsedBytes, memory.swapTotalBytes) ?? 0,
  }
}

function findBytes(text: string, name: string): number | undefined {
  const start = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`)
  if (start === -1) return undefined
  const match = /^\n?\w+:\s*(\d{1,15}) kB/.exec(text.slice(start, start + 64))
  return match === null ? undefined : Number(match[1]) * 1024
}

function sum(...parts: (number | undefined)[]): number | undefined {
  return parts.some((part) => part === undefined) ? undefined : parts.reduce<number>((total, part) => total + (part ?? 0), 0)
}
