import { FollowedFile, type FilePosition } from './followed-file.ts'

const maxFinished = 64

/** Files that were read to their end under a name they no longer have. A pattern that matches rotated files must not read them again. */
export class FinishedFiles {
  readonly #positions = new Map<string, FilePosition>()

  constructor(saved: readonly FilePosition[]) {
    for (const position of saved.slice(-maxFinished)) this.add(position)
  }

  add(position: FilePosition): void {
    const key = keyOf(position)
    this.#positions.delete(key)
    this.#positions.set(key, position)
    const [oldest] = this.#positions.keys()
    if (this.#positions.size > maxFinished && oldest !== undefined) this.#positions.delete(oldest)
  }

  /** A number of an inode is used again for new files, so the beginning of the file is looked at too. */
  async has(path: string, identity: { dev: number; ino: number }): Promise<boolean> {
    const key = keyOf(identity)
    const position = this.#positions.get(key)
    if (position === undefined) return false
    const file = await FollowedFile.open(path, position).catch(() => undefined)
    const isIt = file !== undefined && (await file.matches(position))
    await file?.close()
    if (!isIt) this.#positions.delete(key)
    return isIt
  }

  save(): FilePosition[] {
    return [...this.#positions.values()]
  }
}

function keyOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}-${ino}`
}
