import { readFile } from 'node:fs/promises'
import { ConfigError } from '../../src/errors.ts'
import { runMain } from '../../src/service/run-main.ts'
import { stubService, testBase, type StubConfig } from './stub-service.ts'

/**
 * A service process for tests: `node run-stub.ts --config FILE`, the file being JSON `{url, state_dir, word, host?}`. The word says what goes
 * wrong: `throw`, `reject`, `hang`.
 */
const stub = stubService({
  start: async () => {
    const { word } = stub.context().config
    if (word === 'throw')
      setTimeout(() => {
        throw new Error('thrown on purpose')
      }, 500)
    if (word === 'reject') setTimeout(() => void Promise.reject(new Error('rejected on purpose')), 500)
  },
  stop: async () => {
    if (stub.context().config.word === 'hang') await new Promise<never>(() => undefined)
  },
  reload: async (config: StubConfig) => {
    if (config.word === 'bad') throw new ConfigError('bad_word', 'bad is no word')
    stub.context().log.info({ word: config.word }, 'new word')
  },
})

await runMain(
  stub.definition,
  async (file) => {
    if (file === undefined) throw new ConfigError('config_needed', 'name a file with --config; password=hunter2')
    const { url, state_dir, word, host } = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>
    const files = [file]
    if (word === 'invalid')
      return { ok: false, diagnostics: [{ severity: 'error', file, path: 'word', message: 'is not valid', hint: 'write another' }], files }
    const base = { ...testBase(url ?? ''), state_dir, host: host ?? 'web-1', http: { address: '127.0.0.1', port: 0 } }
    return { ok: true, base, config: { word: word ?? '' }, warnings: [], files }
  },
  '0.0.1',
)
