import { KeptFile } from './kept-file.ts'

/** What a kernel without the feature answers: no such file, or a file that cannot be read for want of what is behind it. */
const unsupportedCodes: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO', 'EOPNOTSUPP', 'EINVAL'])
const forbiddenCodes: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM'])

/** A file of /proc or /sys that not every kernel has, or not every user may read. */
export class OptionalFile {
  readonly #file: KeptFile

  constructor(...candidates: string[]) {
    this.#file = new KeptFile(...candidates)
  }

  /** undefined where there is none, null where it may not be read: as the contract tells absent from null. */
  readText(): string | null | undefined {
    try {
      return this.#file.readText()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (unsupportedCodes.has(code)) return undefined
      if (forbiddenCodes.has(code)) return null
      throw error
    }
  }

  close(): void {
    this.#file.close()
  }
}
