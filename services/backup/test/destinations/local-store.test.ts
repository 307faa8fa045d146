import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { describeStore } from './store-conformance.ts'

describeStore(
  'a repository in a folder with an odd name',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nightshift-local-'))
    return {
      store: new LocalStore(join(folder, ' 백업 "1" %41\n')),
      remove: async () => await rm(folder, { recursive: true }),
    }
  },
  { many: 1200 },
)
