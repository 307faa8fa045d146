import { expect, test } from 'vitest'
import { integritySchema } from '../../src/config/integrity-config.ts'
import { sourceSchema } from '../../src/config/source-config.ts'

function problem(config: object): string {
  const { error } = sourceSchema.safeParse(config)
  return error?.issues.map(({ message, path }) => `${path.join('.')}: ${message}`).join('; ') ?? 'none'
}

test('a source needs little to be said', () => {
  expect(sourceSchema.parse({ kind: 'directory', paths: ['/srv/models'] })).toMatchObject({
    exclude: [],
    one_file_system: false,
    exclude_caches: true,
    sqlite: 'copy',
  })
  expect(sourceSchema.parse({ kind: 'postgres' })).toMatchObject({
    globals: true,
    count_rows: true,
    min_size: 1,
    shrink_ratio: 0.2,
    timeout: 6 * 3_600_000,
  })
  expect(sourceSchema.parse({ kind: 'command', argv: ['tar', '-c', '/etc'] })).toMatchObject({ file_name: 'output', cwd: '/' })
  expect(sourceSchema.parse({ kind: 'nats', streams: 'all' })).toMatchObject({ buckets: [], consumers: true })
})

test('what contradicts itself or cannot work is refused', () => {
  expect(problem({ kind: 'directory', paths: ['srv'] })).toContain('write the whole path')
  expect(problem({ kind: 'postgres', url: 'postgres://db/shop', host: 'db' })).toContain('give either url, or host')
  expect(problem({ kind: 'postgres', url: 'mysql://db/shop' })).toContain('postgres://db.example.com:5432')
  expect(problem({ kind: 'postgres', exclude_tables: ['tmp'] })).toContain('write schema and table')
  expect(problem({ kind: 'docker', container: 'db' })).toContain('give either preset or argv')
  expect(problem({ kind: 'docker', container: '--privileged', argv: ['true'] })).toContain('is no name')
  expect(problem({ kind: 'kubernetes', pod: '-it', argv: ['true'] })).toContain('write a pod')
  expect(problem({ kind: 'nats' })).toContain('name streams or buckets')
  expect(problem({ kind: 'command', argv: ['true'], file_name: '../etc/passwd' })).toContain('leave out the folder')
})

test('a rule expects no rows unless it says otherwise, and says one thing', () => {
  const parsed = integritySchema.parse({ shop: { kind: 'sqlite', path: '/srv/shop.db', rules: { orphans: { query: 'SELECT 1' } } } })
  expect(parsed['shop']?.rules['orphans']).toMatchObject({ expect: { rows: 0 }, severity: 'error' })
  const wrong = { shop: { kind: 'sqlite', path: '/srv/shop.db', rules: { orphans: { query: 'SELECT 1', expect: {} } } } }
  expect(integritySchema.safeParse(wrong).success).toBe(false)
})
