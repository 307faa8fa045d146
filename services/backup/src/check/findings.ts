import type { FileType } from '../destinations/store.ts'

export type FindingCode =
  | 'nothing_checked'
  | 'key_damaged'
  | 'index_damaged'
  | 'snapshot_damaged'
  | 'snapshot_missing'
  | 'tree_damaged'
  | 'tree_missing'
  | 'blob_missing'
  | 'blob_damaged'
  | 'pack_missing'
  | 'pack_size'
  | 'pack_damaged'
  | 'pack_unindexed'

export interface Finding {
  readonly code: FindingCode
  /** A hint needs nobody: the next prune or run clears it. An error means that something cannot be restored as it is. */
  readonly severity: 'error' | 'hint'
  /** The file of the repository that it is about. */
  readonly file?: { readonly type: FileType; readonly id: string }
  readonly blobId?: string
  /** Says what is affected, and what to do. */
  readonly message: string
}

export interface Checked {
  keys: number
  indexes: number
  snapshots: number
  trees: number
  /** Pieces of files that snapshots need, each counted once. */
  blobs: number
  /** Packs whose presence and size were compared with the index. */
  packs: number
  /** Packs that were read whole. */
  packsRead: number
  bytesRead: number
}

export interface CheckReport {
  /** No error, and something was checked. */
  readonly passed: boolean
  readonly checked: Readonly<Checked>
  /** The first thousand. */
  readonly findings: readonly Finding[]
  readonly errorCount: number
  readonly hintCount: number
}

/** A store that lost everything must not fill the memory with the account of it. */
const maxFindings = 1000

/** Collects what a check sees. */
export class Findings {
  readonly checked: Checked = { keys: 0, indexes: 0, snapshots: 0, trees: 0, blobs: 0, packs: 0, packsRead: 0, bytesRead: 0 }
  readonly #findings: Finding[] = []
  #errorCount = 0
  #hintCount = 0

  error(code: FindingCode, message: string, place: Pick<Finding, 'file' | 'blobId'> = {}): void {
    this.#errorCount += 1
    this.#keep({ code, severity: 'error', message, ...place })
  }

  hint(code: FindingCode, message: string, place: Pick<Finding, 'file' | 'blobId'> = {}): void {
    this.#hintCount += 1
    this.#keep({ code, severity: 'hint', message, ...place })
  }

  report(): CheckReport {
    return {
      passed: this.#errorCount === 0,
      checked: this.checked,
      findings: this.#findings,
      errorCount: this.#errorCount,
      hintCount: this.#hintCount,
    }
  }

  #keep(finding: Finding): void {
    if (this.#findings.length < maxFindings) this.#findings.push(finding)
  }
}
