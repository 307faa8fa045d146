import { z } from 'zod'
import { ContractError, NightshiftError } from '@nightshift/shared/errors'
import { manifestPath } from '../archive/manifest-path.ts'
import type { Repository } from '../repository/repository.ts'
import { decodeTree } from '../snapshot/tree.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

const manifestNames = manifestPath.split('/').slice(1)
const maxManifestBytes = 4 * 1024 * 1024

const manifestSchema = z.object({
  schema_version: z.literal(1),
  job: z.string(),
  run: z.string(),
  name: z.string(),
  source: z.string(),
  nightshift_version: z.string(),
  facts: z.record(z.string(), z.union([z.number(), z.string()])),
})
export type Manifest = z.infer<typeof manifestSchema>

/** Reads the manifest of a snapshot; undefined when it has none (restic made it), or none that is ours. */
export async function readManifest(repository: Repository, snapshot: Snapshot, signal?: AbortSignal): Promise<Manifest | undefined> {
  let tree = snapshot.tree
  for (const [depth, name] of manifestNames.entries()) {
    const node = decodeTree(await repository.readBlob('tree', tree, signal)).find((each) => each.name.equals(Buffer.from(name)))
    if (node === undefined) return undefined
    if (depth < manifestNames.length - 1) {
      if (node.subtree === undefined) return undefined
      tree = node.subtree
      continue
    }
    if (node.size > maxManifestBytes || node.content === undefined) return undefined
    const parts: Buffer[] = []
    for (const id of node.content) parts.push(await repository.readBlob('data', id, signal))
    return parse(Buffer.concat(parts).toString())
  }
  return undefined
}

/** What was counted at the last backup, or nothing: a manifest that is damaged must not keep the next backup from being made. */
export async function previousFacts(
  repository: Repository,
  snapshot: Snapshot,
  signal?: AbortSignal,
): Promise<Manifest['facts'] | undefined> {
  try {
    return (await readManifest(repository, snapshot, signal))?.facts
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ContractError || (error instanceof NightshiftError && !error.transient)) return undefined
    throw error
  }
}

function parse(text: string): Manifest | undefined {
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
