import { writeFile } from 'node:fs/promises'
import { EffectError } from '@nightshift/shared/errors'
import { childEnvironment } from '../process/child-environment.ts'
import { findProgram } from '../process/find-program.ts'
import type { ProgramSpec } from '../process/program.ts'
import type { ServerAddress } from '../server-address.ts'
import type { WorkFolder } from '../work-folder.ts'
import { mysqlUser } from './session.ts'

const names = { dump: ['mariadb-dump', 'mysqldump'], client: ['mariadb', 'mysql'] } as const

/** The programs of MySQL or MariaDB, told by a file where to log in: what stands among the arguments everybody can read. */
export class MysqlPrograms {
  readonly #folder: string | undefined
  readonly #loginFile: string
  readonly #common: Pick<ProgramSpec, 'timeoutMs' | 'signal' | 'secret'>

  private constructor(folder: string | undefined, loginFile: string, common: Pick<ProgramSpec, 'timeoutMs' | 'signal' | 'secret'>) {
    this.#folder = folder
    this.#loginFile = loginFile
    this.#common = common
  }

  static async prepare(
    address: ServerAddress,
    work: WorkFolder,
    options: { folder: string | undefined; timeoutMs: number; signal: AbortSignal },
  ): Promise<MysqlPrograms> {
    const file = work.file('login.cnf')
    const { folder, timeoutMs, signal } = options
    await writeFile(file, loginFile(address), { mode: 0o600 })
    return new MysqlPrograms(folder, file, { timeoutMs, signal, secret: address.password })
  }

  spec(program: 'dump' | 'client', args: readonly string[], options: { code?: string; signal?: AbortSignal } = {}): ProgramSpec {
    const found = findProgram(names[program], this.#folder)
    if (found === undefined)
      throw new EffectError(
        'no_program',
        `there is no ${names[program].join(' or ')}${this.#folder === undefined ? '' : ` in ${this.#folder}`}: install the client programs of MySQL or MariaDB, or set bin_dir`,
      )
    // Must be the first argument.
    return { ...this.#common, argv: [found, `--defaults-file=${this.#loginFile}`, ...args], env: childEnvironment(), ...options }
  }
}

function loginFile(address: ServerAddress): string {
  const where =
    address.socket === undefined
      ? [`host=${quoted(address.host)}`, `port=${address.port}`, 'protocol=tcp']
      : [`socket=${quoted(address.socket)}`]
  const password = address.password === undefined ? [] : [`password=${quoted(address.password)}`]
  return ['[client]', ...where, `user=${quoted(mysqlUser(address))}`, ...password, ''].join('\n')
}

/** https://dev.mysql.com/doc/refman/8.4/en/option-files.html */
function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"`
}
