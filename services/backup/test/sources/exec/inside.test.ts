import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { createSource } from '../../../src/sources/registry.ts'
import type { Material } from '../../../src/sources/source.ts'
import { readAll, sourceContext, temporaryFolder } from '../source-context.ts'

/**
 * A stand-in for `docker exec` and `kubectl exec`, which runs the program here, with the programs of a database that are written for the test.
 * What a real container does is in test/sources/exec/docker.test.ts.
 */
function stage(programs: Record<string, string>): { folder: string; runner: string } {
  const folder = temporaryFolder()
  const runner = join(folder, 'runner')
  const write = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  for (const [name, script] of Object.entries(programs)) write(name, script)
  write(
    'runner',
    `echo "$@" > ${join(folder, 'argv')}\nwhile [ "$1" != app ]; do shift; done; shift; [ "$1" = -- ] && shift\nPATH=${folder}:$PATH exec "$@"`,
  )
  return { folder, runner }
}

/** Lists the databases, or holds a snapshot and counts in it. */
const listing = String.raw`case "$*" in
*XAtc*) echo shop ;;
*) echo snap-1; while read -r line; do [ "$line" = '\echo nightshift-counted' ] && echo 'public.items 5' && echo nightshift-counted; done; exit 0 ;;
esac`

async function read(material: Material, path: string): Promise<string> {
  const stream = await material.streams.find((each) => each.path === path)?.open(new AbortController().signal)
  return stream === undefined ? '' : (await readAll(stream)).toString()
}

async function open(config: object): Promise<Material> {
  return await (await createSource(sourceSchema.parse(config))).open(sourceContext())
}

test('a database inside a container is dumped by its own programs, and the password reaches them by their environment only', async () => {
  const { folder, runner } = stage({
    psql: listing,
    pg_dump: 'echo "PGDMP for $PGPASSWORD $*"',
    pg_dumpall: 'echo "CREATE ROLE clerk;"',
  })
  const material = await open({ kind: 'docker', docker: runner, container: 'app', preset: 'postgres', password: "Pa'ss 5ecret" })
  expect(await read(material, '/postgres/shop/database.dump')).toBe(
    "PGDMP for Pa'ss 5ecret --username=postgres --no-password --format=custom --compress=0 --snapshot=snap-1 shop\n",
  )
  expect(readFileSync(join(folder, 'argv'), 'utf8')).not.toContain('5ecret')
  expect(await read(material, '/postgres/globals.sql')).toBe('CREATE ROLE clerk;\n')
  expect(await material.finish()).toMatchObject({ 'size_bytes./postgres/globals.sql': 19, 'rows.shop.public.items': 5 })
  await material.close()
})

test('in a pod rows are counted and the end of the dump is looked at', async () => {
  const dump = String.raw`printf -- '-- Table structure for table \140items\140\nINSERT INTO \140items\140 VALUES (1),(2);\n-- Dump completed on today\n'`
  const { runner } = stage({ mariadb: 'echo shop; echo sys', 'mariadb-dump': dump })
  const config = { kind: 'kubernetes', kubectl: runner, pod: 'app', namespace: 'prod', preset: 'mysql', password: 'x' }
  const material = await open(config)
  await read(material, '/mysql/shop/database.sql')
  expect(await material.finish()).toMatchObject({ 'rows.shop.items': 2 })
  await material.close()
  const torn = stage({ mariadb: 'echo shop', 'mariadb-dump': "echo 'INSERT INTO'" })
  const early = await open({ ...config, kubectl: torn.runner })
  await expect(read(early, '/mysql/shop/database.sql')).rejects.toMatchObject({
    code: 'dump_failed',
    message: expect.stringContaining('ends early'),
  })
  await early.close()
})

test('a program that fails inside, and a connection that ends early without an error, make no snapshot', async () => {
  const failing = stage({ psql: listing, pg_dump: 'echo some; echo "no space" >&2; exit 1', pg_dumpall: 'true' })
  const material = await open({ kind: 'docker', docker: failing.runner, container: 'app', preset: 'postgres' })
  await expect(read(material, '/postgres/shop/database.dump')).rejects.toMatchObject({
    code: 'dump_failed',
    message: expect.stringContaining('no space'),
  })
  await material.close()
  const cut = stage({ psql: listing, pg_dump: 'echo some; kill -TERM $PPID; exit 0', pg_dumpall: 'true' })
  writeFileSync(cut.runner, `#!/bin/sh\nwhile [ "$1" != app ]; do shift; done; shift\nPATH=${cut.folder}:$PATH; "$@"; exit 0\n`)
  const early = await open({ kind: 'docker', docker: cut.runner, container: 'app', preset: 'postgres' })
  await expect(read(early, '/postgres/shop/database.dump')).rejects.toMatchObject({
    code: 'dump_failed',
    message: expect.stringContaining('ended before the dump did'),
  })
  await early.close()
})
