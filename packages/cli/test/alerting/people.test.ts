import { expect, test } from 'vitest'
import { ack } from '../../src/commands/ack.ts'
import { alerts } from '../../src/commands/alerts.ts'
import { rules } from '../../src/commands/rules.ts'
import { silence } from '../../src/commands/silence.ts'
import { alerterAtWork, run, until } from './alerter-at-work.ts'

interface Listed {
  fingerprint: string
  host: string
  acked: { actor: string } | null
  muted: { kind: string; by: string } | null
}

test('a person lists alerts, takes one on and gives it back, silences one and ends that, and asks why nobody is told', async () => {
  const work = await alerterAtWork({})
  const at = ['--nats', work.url]
  const listed = async (): Promise<Listed[]> => JSON.parse((await run(alerts, ['--json', ...at])).out[0] ?? '[]') as Listed[]
  expect(await run(alerts, at)).toEqual({ code: 0, out: ['no alerts'], err: [] })
  await work.health('db-1', 'postgres', 'failing')
  await work.health('web-1', 'web', 'failing')
  await until(async () => (await listed()).length === 2)
  const [db, web] = ['db-1', 'web-1'].map((host) => async () => (await listed()).find((alert) => alert.host === host))
  const fingerprint = (await db?.())?.fingerprint ?? ''

  const taken = await run(ack, [fingerprint.slice(0, 6), '--comment', 'on it', ...at])
  expect(taken).toMatchObject({ code: 0, out: ['kim has check-failing on db-1: it is not said again, nobody else is called'] })
  await until(async () => (await db?.())?.acked?.actor === 'kim')
  expect((await web?.())?.acked).toBeNull()
  expect((await run(rules, ['explain', fingerprint, ...at])).out[0]).toBe('kim took it on: it is not said again')
  expect((await run(ack, [fingerprint, '--undo', ...at])).out).toEqual(['nobody has check-failing on db-1 any more'])
  await until(async () => (await db?.())?.acked === null)
  await run(ack, [fingerprint, '--actor', 'lee', ...at])
  await until(async () => (await db?.())?.acked?.actor === 'lee')

  const added = await run(silence, ['add', 'host=web-*', '--for', '2h', '--comment', 'new cable', ...at])
  expect(added.out[0]).toMatch(/^\S+ {2}host=web-\* {2}until \S+ {2}by kim: new cable$/)
  const id = added.out[0]?.split(' ')[0] ?? ''
  await until(async () => (await web?.())?.muted?.by === id)
  // All that fires is taken on or silenced.
  const shown = await run(alerts, at)
  expect(shown).toMatchObject({ code: 0, out: { length: 2 } })
  expect(shown.out.join('\n')).toContain('[acknowledged by lee]')
  expect(shown.out.join('\n')).toContain(`[silenced by ${id} until `)
  const explained = await run(rules, ['explain', (await web?.())?.fingerprint ?? '', ...at])
  expect(explained.out[0]).toMatch(new RegExp(`^nobody is told: it is silenced, by ${id} until `))
  expect(explained.out.join('\n')).toContain('goes by root')
  expect((await run(silence, ['list', ...at])).out).toEqual(added.out)
  expect((await run(silence, ['end', id, ...at])).out[0]).toContain('ended')
  expect((await run(silence, ['list', ...at])).out).toEqual(['no silences'])
  await until(async () => (await web?.())?.muted === null)
  expect((await run(alerts, at)).code).toBe(1)
})

test('what makes no sense is refused with what to write instead', async () => {
  const work = await alerterAtWork({})
  const at = ['--nats', work.url]
  await expect(run(ack, at)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('say which alert') })
  await expect(run(ack, ['ffffffff', ...at])).rejects.toThrow(/no alert that fires begins with ffffffff/)
  await expect(run(ack, ['ffff', '--for', 'long', ...at])).rejects.toMatchObject({ code: 'usage' })
  await expect(run(silence, ['add', 'nonsense', '--for', '2h', ...at])).rejects.toThrow(/write NAME=VALUE/)
  await expect(run(silence, ['add', 'host=a', ...at])).rejects.toThrow(/--for 2h/)
  await expect(run(silence, ['add', 'host=*', '--for', '2h', ...at])).rejects.toThrow(/silence everything/)
  await expect(run(silence, ['end', 'nothing', ...at])).rejects.toThrow(/no such silence/)
  await expect(run(rules, ['explain', 'ffffffff', ...at])).rejects.toThrow(/no alert begins with ffffffff/)
})
