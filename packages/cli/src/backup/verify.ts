import { userInfo } from 'node:os'
import type { VerifyAnswer } from '@nightshift/backup/verify/verify-endpoints'
import { findingsText } from '@nightshift/backup/verify/verify-facts'
import { verifyRepository } from '@nightshift/backup/verify/verify-repository'
import { readFlags, type Terminal } from '../commands/command.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { askBackup, askFlags, type Asked } from './ask-backup.ts'
import { followEnds } from './follow-ends.ts'
import { chosenDestinations, localFlags, openLocalBackup, type LocalBackup } from './local-backup.ts'
import { bytesText, lengthText } from './quantities.ts'
import { tableLines } from './table.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup verify [--to DESTINATION] [--whole [--restic]] [--json] [--host NAME] [--data DIR | --nats URL]
       nightshift backup verify --local [--to DESTINATION] [--whole [--restic]] [--json] [--config FILE]
  reads a part of what is stored, as it happens every day (V1)
  --whole   all of it (V3)
  --restic  lets restic read all of it too
  --local   here and now, with nothing but the configuration file and the password`

const options = {
  ...localFlags,
  ...askFlags,
  local: { type: 'boolean', default: false },
  to: { type: 'string' },
  whole: { type: 'boolean', default: false },
  restic: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

interface Wanted {
  readonly to: string | undefined
  readonly whole: boolean
  readonly restic: boolean
}

interface VerifyRow {
  readonly destination: string
  readonly level: 'V1' | 'V3'
  readonly items: number
  readonly bytes: number | null
  readonly seconds: number | null
  readonly error: string | null
}

const columns = [
  { title: 'DESTINATION' },
  { title: 'VERDICT' },
  { title: 'LEVEL' },
  { title: 'CHECKED', isNumber: true },
  { title: 'READ', isNumber: true },
  { title: 'TOOK', isNumber: true },
]
const dayMs = 86_400_000

/** Whether what is stored can be read; answers 1 when something cannot, or nothing was checked. */
export const verify: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options })
    const wanted: Wanted = { to: values.to, whole: values.whole || values.restic, restic: values.restic }
    const rows = values.local
      ? await verifyLocal(await openLocalBackup(values, terminal), wanted, terminal)
      : await askBackup(values, terminal, async (asked) => await askVerify(asked, wanted, terminal))
    if (values.json) terminal.out(JSON.stringify(rows))
    else for (const line of verifyLines(rows)) terminal.out(line)
    return rows.length > 0 && rows.every(({ error }) => error === null) ? 0 : 1
  },
}

async function askVerify(asked: Asked, { to, whole, restic }: Wanted, terminal: Terminal): Promise<VerifyRow[]> {
  const ends = followEnds(asked, terminal)
  const request = { actor: actorOf(terminal), whole, restic, ...(to === undefined ? {} : { destination: to }) }
  const { runs } = await asked.ask<VerifyAnswer>('verify', request)
  return await Promise.all(
    runs.map(async ({ destination, run }): Promise<VerifyRow> => {
      const event = await ends.of(run)
      return {
        destination,
        level: whole ? 'V3' : 'V1',
        items: event.checked_items ?? 0,
        bytes: event.checked_bytes ?? null,
        seconds: event.duration_seconds,
        error: event.error,
      }
    }),
  )
}

async function verifyLocal(local: LocalBackup, { to, whole, restic }: Wanted, terminal: Terminal): Promise<VerifyRow[]> {
  const { clock, config, destinations, host, signal } = local
  const { parts: of } = config.verify.packs
  const rows: VerifyRow[] = []
  for (const destination of chosenDestinations(local, to)) {
    const outcome = await verifyRepository({
      destinations,
      destination,
      // Another part each day, without a memory.
      readData: whole ? true : { part: (Math.floor(clock.now() / dayMs) % of) + 1, of },
      withRestic: restic,
      host,
      username: userInfo().username,
      clock,
      signal,
      onProgress: (read, all) => terminal.status?.(`${destination}: ${read} of ${all} packs read`),
    })
    terminal.status?.('')
    const { bytes, durationMs, findings, items } = outcome
    rows.push({ destination, level: whole ? 'V3' : 'V1', items, bytes, seconds: durationMs / 1000, error: findingsText(findings) })
  }
  return rows
}

/** The table, and below it what is wrong. Pure. */
export function verifyLines(rows: readonly VerifyRow[]): string[] {
  const cells = rows.map(({ destination, level, items, bytes, seconds, error }) => [
    destination,
    error === null ? 'whole' : 'DAMAGED',
    level,
    String(items),
    bytesText(bytes),
    lengthText(seconds),
  ])
  return [
    ...tableLines(columns, cells),
    ...rows.flatMap(({ destination, error }) => (error === null ? [] : [`  ${destination}: ${error}`])),
  ]
}
