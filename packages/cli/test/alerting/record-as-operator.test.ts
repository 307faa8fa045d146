import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { connect, nkeyAuthenticator } from '@nats-io/transport-node'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { newId } from '@nightshift/shared/ids'
import { renderAccounts } from '@nightshift/shared/permissions/server-config'
import { UserStore } from '@nightshift/shared/permissions/users'
import { startNats } from '@nightshift/test-servers/nats'
import { expect, onTestFinished, test } from 'vitest'
import { record } from '../../src/commands/record.ts'
import { run, temporaryFolder } from './alerter-at-work.ts'

test('the operator, with no right but to look, records metrics and events', async () => {
  const cwd = temporaryFolder()
  const users = new UserStore(cwd)
  const seed = users.localSeed({ service: 'admin', host: null })
  const operator = users.operator()
  const server = await startNats({ config: renderAccounts(users.users, 'ops') })
  onTestFinished(() => server.stop())
  const admin = await connect({ servers: server.url, authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) })
  onTestFinished(() => admin.close())
  await bootstrap(admin, baseConfigSchema.parse({}).streams)
  const js = jetstream(admin)
  for (const subject of ['ops.metric.a.cpu', 'ops.metric.b.cpu', 'ops.health.a.web']) {
    await js.publish(subject, JSON.stringify({ v: 1, id: newId(Date.now()), time: new Date().toISOString() }))
  }
  const url = server.url.replace('://', `://${operator.user}:${operator.password}@`)
  expect(await run(record, ['all.jsonl', '--past', '1h', '--nats', url], { cwd })).toMatchObject({ code: 0, err: [] })
  const lines = readFileSync(join(cwd, 'all.jsonl'), 'utf8').trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { subject: string }).subject).toSorted()).toEqual([
    'ops.health.a.web',
    'ops.metric.a.cpu',
    'ops.metric.b.cpu',
  ])
})
