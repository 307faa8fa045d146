import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import pg from 'pg'

/**
 * A process that restores and kills itself right before its nth rename: every step is written down by one, and every change of files that are
 * live is one. With `sql:N` it is the nth statement that changes a database. Called as `node restore-process.ts FOLDER N JOBS REQUEST`; prints
 * the outcome when it comes to its end.
 */
const [, , folder = '', nth = '', jobs = '{}', request = '{}'] = process.argv
const rename = promises.rename
let renames = 0
promises.rename = async (from, to) => {
  if (++renames === Number(nth)) process.kill(process.pid, 'SIGKILL')
  await rename(from, to)
}
syncBuiltinESMExports()

let statements = 0
const query = Reflect.get(pg.Client.prototype, 'query') as (...args: unknown[]) => unknown
pg.Client.prototype.query = function (this: unknown, ...args: unknown[]): unknown {
  const [first] = args
  const text = typeof first === 'string' ? first : String((first as { text?: string }).text)
  if (/^(?:ALTER|CREATE|DROP) DATABASE/.test(text) && `sql:${++statements}` === nth) process.kill(process.pid, 'SIGKILL')
  return query.apply(this, args)
} as typeof pg.Client.prototype.query

const { RestoreScene } = await import('./restore-scene.ts')
const scene = new RestoreScene(folder)
const { sets, ...restoreRequest } = JSON.parse(request) as Record<string, unknown>
const parts = scene.parts(JSON.parse(jobs) as Record<string, unknown>, sets === undefined ? {} : { sets: sets as Record<string, unknown> })
const outcome = await scene.restore(restoreRequest, parts)
process.stdout.write(JSON.stringify(outcome))
