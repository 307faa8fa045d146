import type { SharedIndexHandle } from '../../repository/index/shared-index.ts'
import type { MasterKey } from '../../repository/master-key.ts'

/** What a reader is started with. */
export interface ReaderSettings {
  readonly keys: MasterKey
  readonly polynomial: bigint
  readonly index: SharedIndexHandle
  readonly verify: boolean
  /** Of a PackGate. */
  readonly gate: SharedArrayBuffer
  /** Of a StopFlag. */
  readonly stop: SharedArrayBuffer
  /** A counter of the bytes that all readers have read. */
  readonly bytesRead: SharedArrayBuffer
}
