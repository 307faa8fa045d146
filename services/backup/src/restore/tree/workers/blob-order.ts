import type { BlobId } from '../../../repository/blob.ts'
import type { ExtendedAttribute } from '../../../snapshot/node.ts'
import type { NeededBlob } from '../pack-ranges.ts'
import type { FileTarget } from './write-request.ts'

const idChars = 64
const blobNumbers = 4
const placeNumbers = 2
const fileNumbers = 7
/** For a size or an owner that there is none of. */
const none = -1

/**
 * Bytes of a pack with the blobs in them and the files that they go to, as a few flat values: to hand over an object for each would take
 * longer than to write the files. Paths are bytes, a character each (`latin1`), with a zero between them.
 */
export interface BlobOrder {
  readonly kind: 'blobs'
  readonly bytes: Uint8Array
  readonly ids: string
  readonly blobs: Float64Array
  readonly places: Float64Array
  readonly paths: string
  readonly files: Float64Array
  /** Of the few files that have any, by their place in `files`. */
  readonly attributes: ReadonlyMap<number, readonly ExtendedAttribute[]>
}

/** A blob as it lies in the bytes of its order; its places are those of the order from `firstPlace` to before `endPlace`. */
export interface OrderedBlob {
  readonly id: BlobId
  readonly at: number
  readonly lengthBytes: number
  readonly plainBytes: number | null
  readonly firstPlace: number
  readonly endPlace: number
}

/** `fromBytes` is where the bytes begin in their pack; `targetOf` gives a file by its number in the window. */
export function encodeBlobOrder(
  bytes: Uint8Array,
  fromBytes: number,
  needed: readonly NeededBlob[],
  targetOf: (file: number) => FileTarget,
): BlobOrder {
  const positions = new Map<number, number>()
  const targets: FileTarget[] = []
  const blobs = new Float64Array(needed.length * blobNumbers)
  const places = new Float64Array(needed.reduce((sum, blob) => sum + blob.places.length, 0) * placeNumbers)
  let place = 0
  for (const [number, blob] of needed.entries()) {
    const { offset, lengthBytes, plainBytes } = blob.place
    for (const { file, offset: offsetInFile } of blob.places) {
      const position = positions.get(file) ?? targets.push(targetOf(file)) - 1
      positions.set(file, position)
      places[place * placeNumbers] = position
      places[place * placeNumbers + 1] = offsetInFile
      place += 1
    }
    blobs.set([offset - fromBytes, lengthBytes, plainBytes ?? none, place], number * blobNumbers)
  }
  return { kind: 'blobs', bytes, ids: needed.map(({ id }) => id).join(''), blobs, places, ...encodeTargets(targets) }
}

function encodeTargets(targets: readonly FileTarget[]): Pick<BlobOrder, 'paths' | 'files' | 'attributes'> {
  const files = new Float64Array(targets.length * fileNumbers)
  const attributes = new Map<number, readonly ExtendedAttribute[]>()
  for (const [position, { index, sizeBytes, blobs, metadata }] of targets.entries()) {
    const { mode, mtimeSeconds, owner, xattrs } = metadata
    files.set([index, sizeBytes, blobs, mode, mtimeSeconds, owner?.uid ?? none, owner?.gid ?? none], position * fileNumbers)
    if (xattrs.length > 0) attributes.set(position, xattrs)
  }
  return { paths: targets.map(({ path }) => path).join('\0'), files, attributes }
}

export function targetsOf({ paths, files, attributes }: BlobOrder): FileTarget[] {
  if (files.length === 0) return []
  return paths.split('\0').map((path, position) => {
    const [index = 0, sizeBytes = 0, blobs = 0, mode = 0, mtimeSeconds = 0, uid = none, gid = none] = files.subarray(
      position * fileNumbers,
      (position + 1) * fileNumbers,
    )
    const owner = uid === none ? undefined : { uid, gid }
    return { index, path, sizeBytes, blobs, metadata: { mode, mtimeSeconds, owner, xattrs: attributes.get(position) ?? [] } }
  })
}

export function* blobsOf({ ids, blobs }: BlobOrder): Generator<OrderedBlob> {
  let firstPlace = 0
  for (let number = 0; number * blobNumbers < blobs.length; number++) {
    const from = number * blobNumbers
    const plainBytes = blobs[from + 2] ?? none
    const endPlace = blobs[from + 3] ?? firstPlace
    yield {
      id: ids.slice(number * idChars, (number + 1) * idChars),
      at: blobs[from] ?? 0,
      lengthBytes: blobs[from + 1] ?? 0,
      plainBytes: plainBytes === none ? null : plainBytes,
      firstPlace,
      endPlace,
    }
    firstPlace = endPlace
  }
}

/** The position of a file in the order, and where in the file the blob goes. */
export function placeAt({ places }: BlobOrder, place: number): { readonly position: number; readonly offset: number } {
  return { position: places[place * placeNumbers] ?? none, offset: places[place * placeNumbers + 1] ?? 0 }
}
