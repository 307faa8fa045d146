import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderDocuments } from '../../src/generate/documents.ts'
import { repositoryRoot } from '../../src/repository.ts'

describe('generated documents', () => {
  const documents = renderDocuments()

  test.each([...documents.keys()])('%s is what the code says; else run npm run gen', (path) => {
    const committed = existsSync(join(repositoryRoot, path)) ? readFileSync(join(repositoryRoot, path), 'utf8') : '(missing)'
    expect(committed).toBe(documents.get(path))
  })

  test('docs/schemas holds nothing that is no longer generated', () => {
    const stale = readdirSync(join(repositoryRoot, 'docs/schemas')).filter((name) => !documents.has(`docs/schemas/${name}`))
    expect(stale).toEqual([])
  })
})
