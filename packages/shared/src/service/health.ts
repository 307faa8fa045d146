import { statfs } from 'node:fs/promises'
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os'
import type { Probed } from './probe.ts'
import type { BusState } from '../bus/bus.ts'

/** Shares from 0 to 1; null is unreadable. */
export interface MachineReading {
  disk: { free_bytes: number; used_ratio: number } | null
  memory: { available_bytes: number; used_ratio: number }
  cpu: { load1_per_core: number }
}

export type ComponentStatus = 'ok' | 'warning' | 'critical'

/** One part of the whole: its status, and what explains it. */
export type ComponentHealth = { status: ComponentStatus } & Record<string, unknown>

export interface HealthReport {
  status: ComponentStatus
  host: string
  components: Record<string, ComponentHealth>
}

const diskWarningRatio = 0.85
const diskCriticalRatio = 0.95
const memoryWarningRatio = 0.9
const loadWarningPerCore = 1.5
const statfsTimeoutMs = 1000

/**
 * The health of the whole for `GET /health`: 503 when a service or the bus does not do its work, or the disk is about to end it. Memory
 * and load warn only: taking the whole out of rotation would not help the machine.
 */
export function healthReport(
  handles: readonly (Probed & { bus: { state: BusState } })[],
  machine: MachineReading,
  host: string,
  more: HealthReport['components'] = {},
): HealthReport {
  const components: HealthReport['components'] = { ...more }
  for (const handle of handles) {
    const working = handle.failure === undefined && (handle.state === 'ready' || handle.state === 'standby')
    components[handle.name] = { status: working ? 'ok' : 'critical', state: handle.state, reasons: handle.notReady() }
  }
  const away = handles.filter((handle) => handle.bus.state !== 'connected').map((handle) => handle.name)
  components['bus'] = { status: away.length === 0 ? 'ok' : 'critical', not_connected: away }
  components['disk'] = { status: diskStatus(machine.disk), ...(machine.disk ?? { free_bytes: null, used_ratio: null }) }
  components['memory'] = { status: machine.memory.used_ratio > memoryWarningRatio ? 'warning' : 'ok', ...machine.memory }
  components['cpu'] = { status: machine.cpu.load1_per_core > loadWarningPerCore ? 'warning' : 'ok', ...machine.cpu }
  return { status: worst(Object.values(components).map((component) => component.status)), host, components }
}

function diskStatus(disk: MachineReading['disk']): ComponentStatus {
  if (disk === null) return 'warning'
  if (disk.used_ratio > diskCriticalRatio) return 'critical'
  return disk.used_ratio > diskWarningRatio ? 'warning' : 'ok'
}

function worst(statuses: readonly ComponentStatus[]): ComponentStatus {
  if (statuses.includes('critical')) return 'critical'
  return statuses.includes('warning') ? 'warning' : 'ok'
}

/** Reads the machine; at most one look at the disk is under way, for a mount that hangs never answers. */
export function machineReader(folder: string): () => Promise<MachineReading> {
  let looking: Promise<MachineReading['disk']> | undefined
  const readDisk = (): Promise<MachineReading['disk']> => {
    looking ??= diskOf(folder).finally(() => (looking = undefined))
    return looking
  }
  return async () => {
    const { promise: tooLong, resolve: giveUp } = Promise.withResolvers<null>()
    const timer = setTimeout(() => giveUp(null), statfsTimeoutMs)
    const disk = await Promise.race([readDisk(), tooLong])
    clearTimeout(timer)
    const total = totalmem()
    return {
      disk,
      memory: { available_bytes: freemem(), used_ratio: total === 0 ? 0 : 1 - freemem() / total },
      cpu: { load1_per_core: (loadavg()[0] ?? 0) / availableParallelism() },
    }
  }
}

async function diskOf(folder: string): Promise<MachineReading['disk']> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(folder)
    const used = blocks - bfree
    return { free_bytes: bavail * bsize, used_ratio: used + bavail === 0 ? 0 : used / (used + bavail) }
  } catch {
    return null
  }
}
