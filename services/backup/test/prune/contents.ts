import type { Repository } from '../../src/repository/repository.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { walkTrees } from '../../src/snapshot/walk-trees.ts'

/** All files of a snapshot with their contents, as a restore would write them. */
export async function contentsOf(repository: Repository, snapshot: Snapshot): Promise<Record<string, string>> {
  const contents: Record<string, string> = {}
  const reads: { path: string; content: readonly string[] }[] = []
  await walkTrees(repository, snapshot.tree, {
    onTree(_, nodes, __, path) {
      for (const node of nodes)
        if (node.content !== undefined) reads.push({ path: `${path === '/' ? '' : path}/${node.name.toString()}`, content: node.content })
    },
  })
  for (const { path, content } of reads) {
    const pieces = await Promise.all(content.map(async (id) => repository.readBlob('data', id)))
    contents[path] = Buffer.concat(pieces).toString('hex')
  }
  return contents
}
