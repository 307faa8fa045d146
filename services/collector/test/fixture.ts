import { readFileSync } from 'node:fs'

/** Folder of a recorded or hand-written fixture; fixtures/README.md says which is which. */
export function fixturePath(name: string): string {
  return new URL(`./fixtures/${name}`, import.meta.url).pathname
}

export function fixture(name: string): string {
  return readFileSync(fixturePath(name), 'utf8')
}
