import { closeSync, constants, ftruncateSync, openSync } from 'node:fs'
import { describeOpenFile } from '../metadata.ts'
import type { WindowState } from './window-state.ts'
import type { FileTarget } from './write-request.ts'
import { writeAll, writeSparse } from './write-sparse.ts'

const maxOpen = 32
/** A new file, never one that is there: what lay in its place was taken away before. A link is never followed. */
const makeFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const openFlags = constants.O_WRONLY | constants.O_NOFOLLOW
const ownerOnly = 0o600

/** The files that a writer has open: a file of many blobs is asked for again and again. */
export class OpenFiles {
  readonly #descriptors = new Map<number, number>()

  /** Made by the first writer that comes by, with its size, so that what is not written stays a hole. */
  get(file: FileTarget, state: WindowState): number {
    const open = this.#descriptors.get(file.index)
    if (open !== undefined) {
      this.#descriptors.delete(file.index)
      this.#descriptors.set(file.index, open)
      return open
    }
    this.#makeRoom()
    const descriptor = state.isMaker(file.index) ? make(file, state) : openSync(pathOf(file), openFlags)
    this.#descriptors.set(file.index, descriptor)
    return descriptor
  }

  /** All of the file is written: it gets its owner, mode and time. Gives what could not be set. */
  finish(file: FileTarget, state: WindowState): string | undefined {
    const problem = describeOpenFile(this.get(file, state), pathOf(file), file.metadata)
    this.close(file.index)
    return problem
  }

  close(index: number): void {
    const descriptor = this.#descriptors.get(index)
    if (descriptor === undefined) return
    this.#descriptors.delete(index)
    closeSync(descriptor)
  }

  closeAll(): void {
    for (const index of this.#descriptors.keys()) this.close(index)
  }

  #makeRoom(): void {
    if (this.#descriptors.size < maxOpen) return
    const [oldest] = this.#descriptors.keys()
    if (oldest !== undefined) this.close(oldest)
  }
}

/** A file that is all in one blob, as most are: nobody else writes it, and it is never asked for again. Gives what could not be set. */
export function putWhole(file: FileTarget, plain: Buffer, isSparse: boolean): string | undefined {
  const path = pathOf(file)
  const descriptor = openSync(path, makeFlags, ownerOnly)
  try {
    if (isSparse) {
      ftruncateSync(descriptor, file.sizeBytes)
      writeSparse(descriptor, plain, 0)
    } else writeAll(descriptor, plain, 0)
    return describeOpenFile(descriptor, path, file.metadata)
  } finally {
    closeSync(descriptor)
  }
}

function make(file: FileTarget, state: WindowState): number {
  try {
    const descriptor = openSync(pathOf(file), makeFlags, ownerOnly)
    ftruncateSync(descriptor, file.sizeBytes)
    return descriptor
  } finally {
    state.setMade(file.index)
  }
}

function pathOf({ path }: FileTarget): Buffer {
  return Buffer.from(path, 'latin1')
}
