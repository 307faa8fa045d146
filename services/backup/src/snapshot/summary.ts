/** What a run counted, as restic writes it into its snapshots since 0.17; what is unknown is absent. */
export interface SnapshotSummary {
  readonly startMs?: number
  readonly endMs?: number
  readonly filesNew?: number
  readonly filesChanged?: number
  readonly filesUnmodified?: number
  readonly dirsNew?: number
  readonly dirsChanged?: number
  readonly dirsUnmodified?: number
  readonly dataBlobs?: number
  readonly treeBlobs?: number
  readonly dataAddedBytes?: number
  /** As stored: compressed and sealed. */
  readonly dataAddedPackedBytes?: number
  readonly filesProcessed?: number
  readonly bytesProcessed?: number
}

const counts = {
  filesNew: 'files_new',
  filesChanged: 'files_changed',
  filesUnmodified: 'files_unmodified',
  dirsNew: 'dirs_new',
  dirsChanged: 'dirs_changed',
  dirsUnmodified: 'dirs_unmodified',
  dataBlobs: 'data_blobs',
  treeBlobs: 'tree_blobs',
  dataAddedBytes: 'data_added',
  dataAddedPackedBytes: 'data_added_packed',
  filesProcessed: 'total_files_processed',
  bytesProcessed: 'total_bytes_processed',
} as const satisfies Partial<Record<keyof SnapshotSummary, string>>

export function encodeSummary(summary: SnapshotSummary): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  if (summary.startMs !== undefined) fields['backup_start'] = new Date(summary.startMs).toISOString()
  if (summary.endMs !== undefined) fields['backup_end'] = new Date(summary.endMs).toISOString()
  for (const [ours, theirs] of Object.entries(counts)) fields[theirs] = summary[ours as keyof typeof counts] ?? 0
  return fields
}

export function decodeSummary(value: unknown): SnapshotSummary | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Record<string, unknown>
  const summary: Record<string, number> = {}
  for (const [ours, theirs] of Object.entries(counts)) {
    const count = fields[theirs]
    if (typeof count === 'number') summary[ours] = count
  }
  const startMs = Date.parse(String(fields['backup_start']))
  const endMs = Date.parse(String(fields['backup_end']))
  return { ...summary, ...(!Number.isNaN(startMs) && { startMs }), ...(!Number.isNaN(endMs) && { endMs }) }
}
