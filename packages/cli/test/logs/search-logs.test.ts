import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, nkeyAuthenticator } from '@nats-io/transport-node'
import { jetstream } from '@nats-io/jetstream'
import { expect, onTestFinished, test } from 'vitest'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { newId } from '@nightshift/shared/ids'
import { renderAccounts } from '@nightshift/shared/permissions/server-config'
import { UserStore } from '@nightshift/shared/permissions/users'
import { buildSubject } from '@nightshift/shared/subjects'
import { startNats } from '@nightshift/test-servers/nats'
import { logs } from '../../src/commands/logs.ts'
import type { Terminal } from '../../src/commands/command.ts'

async function stored(count: number): Promise<{ run: (...args: string[]) => Promise<{ code: number; out: string[]; err: string[] }> }> {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-search-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const users = new UserStore(folder)
  const seed = users.localSeed({ service: 'admin', host: null })
  const operator = users.operator()
  const server = await startNats({ config: renderAccounts(users.users, 'ops') })
  onTestFinished(() => server.stop())
  const connection = await connect({ servers: server.url, authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) })
  onTestFinished(() => connection.close())
  await bootstrap(connection, baseConfigSchema.parse({}).streams)
  const js = jetstream(connection)
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [host, source] = [index % 2 === 0 ? 'web-1' : 'db.example.com', index % 3 === 0 ? 'nginx' : 'app']
      const level = index % 10 === 0 ? 'error' : 'info'
      const id = newId(Date.now())
      const event = {
        v: 1,
        id,
        time: new Date().toISOString(),
        host,
        source: `collector@${host}`,
        correlation_id: id,
        log_source: source,
        level,
        message: `line ${index}`,
        fingerprint: null,
        count: 1,
        fields: { user_id: index % 100 },
      }
      await js.publish(buildSubject({ kind: 'log', host, source, level }), JSON.stringify(event))
    }),
  )
  await js.publish('ops.log.web-1.app.error', 'not an event at all')
  return {
    run: async (...args) => {
      const [out, err]: [string[], string[]] = [[], []]
      const terminal: Terminal = {
        env: {},
        cwd: '/',
        isTty: false,
        columns: 80,
        out: (text) => void out.push(text),
        err: (text) => void err.push(text),
      }
      return {
        code: await logs.run(
          ['search', '--nats', server.url.replace('://', `://${operator.user}:${operator.password}@`), ...args],
          terminal,
        ),
        out,
        err,
      }
    },
  }
}

test('the operator, with no right but to look, searches the stream by host, source, level, field and text, and what does not fit into the limit is said', async () => {
  const { run } = await stored(1200)
  expect(await run('--host', 'db.example.com', '--json', '--limit', '100000')).toMatchObject({ code: 0, out: { length: 600 } })
  expect(await run('--source', 'nginx', '--level', 'error')).toMatchObject({ code: 0, out: { length: 40 } })
  const user = await run('--field', 'user_id=42', '--json')
  expect(user.out).toHaveLength(12)
  expect(user.out.map((line) => (JSON.parse(line) as { fields: unknown }).fields)).toEqual(Array(12).fill({ user_id: 42 }))
  const newest = await run('--grep', 'line 1\\d\\d\\d$', '--limit', '5')
  expect(newest.out).toHaveLength(5)
  expect(newest.err).toEqual(['195 older ones match too; raise --limit or narrow the search'])
  expect(newest.out.at(-1)).toContain('line 1199')
  expect(await run('--grep', 'no such thing')).toMatchObject({
    code: 1,
    out: [],
    err: [expect.stringContaining('nothing found among 1201')],
  })
  expect(await run('--since', '2999-01-01T00:00:00Z')).toMatchObject({ code: 1, out: [] })
  await expect(run('more')).rejects.toMatchObject({ code: 'usage' })
})
