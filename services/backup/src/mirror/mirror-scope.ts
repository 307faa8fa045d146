import { lstat, readdir } from 'node:fs/promises'
import { EffectError } from '@nightshift/shared/errors'
import { Excludes } from '../archive/walk/exclude.ts'
import type { MirrorConfig } from '../config/mirror-config.ts'
import { isSecretName } from './secret-name.ts'

interface FoundFile {
  /** Below the folder, with `/` between the names. */
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

const maxDepth = 256

/** Which files of a folder are mirrored: regular ones that are not left out and not called as secrets are. Links are not followed. */
export class MirrorScope {
  readonly root: string
  readonly #excludes: Excludes

  constructor({ path, exclude }: Pick<MirrorConfig, 'path' | 'exclude'>) {
    this.root = path
    this.#excludes = new Excludes(exclude, path)
  }

  /** By its path alone. */
  covers(path: string): boolean {
    const segments = path.split('/')
    if (isSecretName(segments)) return false
    return segments.every((_, at) => !this.#excludes.has(segments.slice(0, at + 1), at < segments.length - 1))
  }

  /** Every file there is. Throws EffectError `mirror_source_missing`: a folder that is not there must not look empty. */
  async *files(signal: AbortSignal): AsyncGenerator<FoundFile> {
    const top = await lstat(this.root).catch(() => undefined)
    if (top?.isDirectory() !== true)
      throw new EffectError('mirror_source_missing', `${this.root} is not there or no folder; is its disk mounted?`, { transient: true })
    const waiting: string[][] = [[]]
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      signal.throwIfAborted()
      for (const entry of await readdir([this.root, ...folder].join('/'), { withFileTypes: true })) {
        const below = [...folder, entry.name]
        if (entry.isDirectory()) {
          if (below.length < maxDepth && !this.#excludes.has(below, true)) waiting.push(below)
        } else if (entry.isFile() && this.covers(below.join('/'))) {
          const stat = await lstat([this.root, ...below].join('/')).catch(() => undefined)
          if (stat?.isFile() === true) yield { path: below.join('/'), sizeBytes: stat.size, modifiedMs: stat.mtimeMs }
        }
      }
    }
  }
}
