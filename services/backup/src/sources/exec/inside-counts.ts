import { createInterface, type Interface } from 'node:readline'
import { EffectError } from '@nightshift/shared/errors'
import { Program } from '../process/program.ts'
import type { Facts } from '../source.ts'
import { insideSpec, shellWord, type Inside } from './inside.ts'

const countedMark = 'nightshift-counted'
const maxTables = 10_000

/** psql runs each of the statements that this one gives. The table's name comes first, then its rows. */
const countStatements = `SELECT format('SELECT %L, count(*) FROM ONLY %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1 LIMIT ${maxTables}`

/** A session of psql inside, whose view of the data pg_dump shares: its counts are those of the dump. */
export class InsideCounts {
  readonly snapshot: string
  readonly #program: Program
  readonly #database: string
  readonly #lines: Interface
  readonly #answers: AsyncIterator<string>

  private constructor(program: Program, database: string, lines: Interface, answers: AsyncIterator<string>, snapshot: string) {
    this.#program = program
    this.#database = database
    this.#lines = lines
    this.#answers = answers
    this.snapshot = snapshot
  }

  static async start(inside: Inside, login: string, database: string, signal: AbortSignal): Promise<InsideCounts> {
    const line = `exec psql ${login} -d ${shellWord(database)} -XAtq -F ' ' -v ON_ERROR_STOP=1`
    const program = new Program(insideSpec(inside, line, signal))
    const lines = createInterface({ input: program.stdout })
    const answers = lines[Symbol.asyncIterator]()
    // Stdin stays open: the snapshot lives as long as the session.
    program.stdin.write(`${inside.secret?.value ?? ''}\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\nSELECT pg_export_snapshot();\n`)
    const first = await answers.next()
    if (first.done !== true) return new InsideCounts(program, database, lines, answers, first.value)
    await program.succeeded()
    throw new EffectError('dump_failed', `psql in ${inside.name} gave no snapshot of ${database}`, { transient: true })
  }

  /** Rows of each table. */
  async facts(): Promise<Facts> {
    this.#program.stdin.write(`${countStatements}\n\\gexec\n\\echo ${countedMark}\n`)
    const facts: Facts = {}
    for (let line = await this.#answers.next(); line.value !== countedMark; line = await this.#answers.next()) {
      if (line.done === true) {
        await this.#program.succeeded()
        throw new EffectError('dump_failed', `the rows of ${this.#database} could not be counted`, { transient: true })
      }
      const [, table, rows] = /^(.*) (\d+)$/s.exec(line.value) ?? []
      if (table !== undefined) facts[`rows.${this.#database}.${table}`] = Number(rows)
    }
    return facts
  }

  async stop(): Promise<void> {
    this.#program.stdin.end()
    this.#lines.close()
    await this.#program.stop()
  }
}
