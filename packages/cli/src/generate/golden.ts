import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kind } from '@nightshift/shared/subjects'
import { repositoryRoot } from '../repository.ts'

export interface Golden {
  subject: string
  event: Record<string, unknown>
}

/** The golden payload of a kind, kept for ever under test/fixtures/events/v1. */
export function readGolden(kind: Kind): Golden {
  return JSON.parse(readFileSync(join(repositoryRoot, 'test/fixtures/events/v1', `${kind}.json`), 'utf8')) as Golden
}
