import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderDocuments } from './documents.ts'
import { repositoryRoot } from '../repository.ts'

for (const [path, text] of renderDocuments()) {
  const target = join(repositoryRoot, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
  process.stdout.write(`wrote ${path}\n`)
}
