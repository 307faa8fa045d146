import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { repositoryRoot } from '../repository.ts'

/** The data folder a command means: --data, NIGHTSHIFT_DATA, `./data` where it is one, else that of the checkout. */
export function findDataFolder(flag: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string {
  const named = flag ?? env['NIGHTSHIFT_DATA']
  if (named !== undefined) return resolve(cwd, named)
  const here = join(cwd, 'data')
  return existsSync(join(here, 'run.json')) ? here : join(repositoryRoot, 'data')
}
