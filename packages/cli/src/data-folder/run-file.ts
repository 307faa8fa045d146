import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '@nightshift/shared/errors'
import { isAlive, type ProcessIdentity } from '@nightshift/shared/service/process-identity'
import { writePrivate } from './write-private.ts'

/** `<data>/run.json`: how to reach a running `nightshift up`. `nats_url` holds the credentials of the operator user. */
export interface RunFile {
  pid: number
  nats_url: string
  console_url: string
  host: string
  started_at: string
  /** The system's record of when the process began, so that a reused pid is not taken for it. */
  process_started: string
}

/** Writes run.json and env; both 0600. `. data/env; nats sub "ops.>"` just works. */
export function writeRunFile(folder: string, run: RunFile): void {
  writePrivate(join(folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`)
  writePrivate(join(folder, 'env'), `export NATS_URL='${run.nats_url}'\n`)
}

export function removeRunFile(folder: string): void {
  rmSync(join(folder, 'run.json'), { force: true })
  rmSync(join(folder, 'env'), { force: true })
}

/** The running `up` of a data folder. Throws ConfigError `not_running` with what to do. */
export function readRunFile(folder: string): RunFile {
  let run: RunFile
  try {
    run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunFile
  } catch {
    throw new ConfigError(
      'not_running',
      `nothing runs on ${folder}; start it with npm start, or name its folder with --data DIR, or another bus with --nats URL`,
    )
  }
  const identity: ProcessIdentity = { pid: run.pid, started: run.process_started }
  if (!isAlive(identity)) throw new ConfigError('not_running', `process ${run.pid} of ${folder} is gone; start it again with npm start`)
  return run
}
