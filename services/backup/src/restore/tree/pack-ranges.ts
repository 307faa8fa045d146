import type { BlobId } from '../../repository/blob.ts'
import type { BlobPlace } from '../../repository/index/blob-index.ts'

/** What lies between two blobs is read too when it is less: cheaper than another request. */
const maxGapBytes = 256 * 1024
/** A range that is longer holds one blob only. */
const maxRangeBytes = 4 * 1024 ** 2

/** A blob and every place of a file where it belongs. */
export interface NeededBlob {
  readonly id: BlobId
  readonly place: BlobPlace
  readonly places: { readonly file: number; readonly offset: number }[]
}

/** Bytes of a pack to be read at once. */
export interface PackRange {
  readonly packId: string
  readonly offset: number
  readonly lengthBytes: number
  readonly blobs: readonly NeededBlob[]
}

/** The fewest reads for these blobs: each pack once, from its beginning on, in the order in which the packs were written. */
export function* planRanges(blobs: readonly NeededBlob[], packOrder: Iterable<string>): Generator<PackRange, undefined> {
  const byPack = Map.groupBy(blobs, ({ place }) => place.packId)
  for (const packId of packOrder) {
    const ofPack = byPack.get(packId)?.toSorted((one, other) => one.place.offset - other.place.offset) ?? []
    let open: NeededBlob[] = []
    for (const blob of ofPack) {
      const [first, last] = [open[0], open.at(-1)]
      if (first !== undefined && last !== undefined) {
        const gapBytes = blob.place.offset - endOf(last)
        const rangeBytes = endOf(blob) - first.place.offset
        if (gapBytes > maxGapBytes || rangeBytes > maxRangeBytes) {
          yield rangeOf(packId, open)
          open = []
        }
      }
      open.push(blob)
    }
    if (open.length > 0) yield rangeOf(packId, open)
  }
  return undefined
}

function rangeOf(packId: string, blobs: readonly NeededBlob[]): PackRange {
  const offset = blobs[0]?.place.offset ?? 0
  const last = blobs.at(-1)
  return { packId, offset, lengthBytes: last === undefined ? 0 : endOf(last) - offset, blobs }
}

function endOf({ place }: NeededBlob): number {
  return place.offset + place.lengthBytes
}
