import { check as checkRepository } from '@nightshift/backup/check/check'
import type { ReadData } from '@nightshift/backup/check/part'
import { acquireLock } from '@nightshift/backup/lock/repository-lock'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup, withDestination } from './local-backup.ts'
import { bytesText } from './quantities.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup check [--to DESTINATION] [--read-data | --part N/M] [--json] [--config FILE]
  --read-data  reads everything that is stored
  --part N/M   reads the Nth of M parts of it: --part 1/30 today, --part 2/30 tomorrow`

const lockWaitMs = 60_000

/** Whether what the repositories hold can be restored; answers 1 when something cannot, or nothing was checked. */
export const check: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...localFlags,
      to: { type: 'string' },
      'read-data': { type: 'boolean', default: false },
      part: { type: 'string' },
      json: { type: 'boolean', default: false },
    } as const
    const { values } = readFlags({ usage }, { args, options })
    const readData = values.part === undefined ? values['read-data'] : readPart(values.part)
    const local = await openLocalBackup(values, terminal)
    let isWhole = true
    for (const name of chosenDestinations(local, values.to)) {
      const report = await withDestination(local, name, async ({ repository }) => {
        const { host: hostname, clock, signal } = local
        const lock = await acquireLock(repository, { exclusive: false, hostname, clock, signal, waitMs: lockWaitMs })
        try {
          const onProgress = (read: number, all: number): void => terminal.status?.(`${name}: ${read} of ${all} packs read`)
          return await checkRepository(repository, { readData, signal: AbortSignal.any([signal, lock.signal]), onProgress })
        } finally {
          await lock.release()
          terminal.status?.('')
        }
      })
      isWhole &&= report.passed
      if (values.json) terminal.out(JSON.stringify({ destination: name, ...report }))
      else {
        const { checked } = report
        for (const { severity, message } of report.findings) terminal.err(`${name}: ${severity}: ${message}`)
        const read = checked.packsRead === 0 ? 'no pack read' : `${checked.packsRead} packs read (${bytesText(checked.bytesRead)})`
        const verdict = report.passed ? 'no errors' : `${report.errorCount} errors`
        terminal.out(
          `${name}: ${verdict}: ${checked.snapshots} snapshots, ${checked.trees} folders, ${checked.blobs} pieces, ${checked.packs} packs, ${read}`,
        )
      }
    }
    return isWhole ? 0 : 1
  },
}

function readPart(text: string): ReadData {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(text)
  const [part, of] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || part < 1 || of < 1 || part > of)
    throw new ConfigError('usage', `--part ${text}: write for example 1/30\nusage: ${usage}`)
  return { part, of }
}
