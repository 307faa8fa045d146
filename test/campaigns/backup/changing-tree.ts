import { hash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { noise } from '../backup-kill.ts'

const folders = 12
const filesPerFolder = 30
const largestSmallBytes = 40_000
const largeFiles = 8
const largeBytes = 3 * 1024 ** 2
const changes = 40

/** The hash of each file below a folder, by its path. */
export type Contents = ReadonlyMap<string, string>

/** Some 30 MiB of files of which a fifth is written anew with each change, and some go and come: packs get holes in them. */
export class ChangingTree {
  readonly folder: string
  readonly #random: () => number

  constructor(folder: string, random: () => number) {
    this.folder = folder
    this.#random = random
    for (let number = 0; number < folders; number++) {
      mkdirSync(join(folder, `folder-${number}`), { recursive: true })
      for (let file = 0; file < filesPerFolder; file++) this.#write(`folder-${number}/file-${file}`, random() * largestSmallBytes)
    }
    for (let number = 0; number < largeFiles; number++) this.#write(`large-${number}`, largeBytes)
  }

  change(): void {
    for (let change = 0; change < changes; change++) {
      const name = `folder-${this.#below(folders)}/file-${this.#below(filesPerFolder)}`
      if (this.#random() < 0.2) rmSync(join(this.folder, name), { force: true })
      else this.#write(name, this.#random() * largestSmallBytes)
    }
    for (let change = 0; change < 2; change++) this.#write(`large-${this.#below(largeFiles)}`, largeBytes)
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end)
  }

  #write(name: string, sizeBytes: number): void {
    writeFileSync(join(this.folder, name), noise(sizeBytes, this.#random))
  }
}

export function contentsOf(folder: string): Contents {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [relative(folder, path), hash('sha256', readFileSync(path))]
    }),
  )
}

/** What a folder has that it should not, lacks, or has otherwise. */
export function unlike(wanted: Contents, found: Contents): string[] {
  const paths = new Set([...wanted.keys(), ...found.keys()])
  return [...paths].filter((path) => wanted.get(path) !== found.get(path))
}
