import { spawn } from 'node:child_process'
import { ConfigError } from '../errors.ts'
import type { BaseConfig } from './base.ts'
import type { Diagnostic } from './diagnostic.ts'

export interface ReadConfigOptions {
  /** The program of the child: it calls runConfigChild. */
  entry: string
  /** Without a file: the defaults. */
  file?: string | undefined
  env: Readonly<Record<string, string | undefined>>
  timeoutMs?: number
}

export type ChildConfig<C> =
  | { ok: true; base: BaseConfig; config: C; warnings: Diagnostic[]; files: string[] }
  | { ok: false; diagnostics: Diagnostic[]; files: string[] }

/** Room for a configuration of the largest size with defaults filled in. */
const maxOutputBytes = 8 * 1_048_576
const maxErrorBytes = 8192

/**
 * The configuration of a service, read and validated by a short-lived child process, so that this one loads neither zod nor yaml.
 * A wrong configuration is an answer; throws ConfigError when the child gives none (`config_child_failed`, `config_child_timeout`).
 */
export async function readConfigInChild<C>(options: ReadConfigOptions): Promise<ChildConfig<C>> {
  const { code, signal, output, errors, isTimedOut, isTooLong } = await run(options)
  if (isTimedOut)
    throw new ConfigError('config_child_timeout', `reading the configuration took longer than ${timeoutOf(options)} ms`, {
      transient: true,
    })
  const answer = isTooLong ? undefined : parseAnswer<C>(output)
  if (answer !== undefined) return answer
  const end = signal === null ? `exit code ${code}` : `signal ${signal}`
  throw new ConfigError(
    'config_child_failed',
    `reading the configuration failed (${isTooLong ? 'too much output' : end}): ${errors.trim().slice(-2000) || 'no message'}`,
  )
}

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
  readonly isTimedOut: boolean
  readonly isTooLong: boolean
}

function timeoutOf(options: ReadConfigOptions): number {
  return options.timeoutMs ?? 15_000
}

function run(options: ReadConfigOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { entry, file, env } = options
    const child = spawn(process.execPath, [entry, ...(file === undefined ? [] : [file])], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    let outputBytes = 0
    let errors = ''
    let isTimedOut = false
    const timer = setTimeout(() => {
      isTimedOut = true
      child.kill('SIGKILL')
    }, timeoutOf(options))
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length
      if (outputBytes <= maxOutputBytes) output.push(chunk)
      else child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors = (errors + chunk).slice(-maxErrorBytes)
    })
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(new ConfigError('config_child_failed', 'the process that reads the configuration cannot be started', { cause }))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, output: Buffer.concat(output).toString('utf8'), errors, isTimedOut, isTooLong: outputBytes > maxOutputBytes })
    })
  })
}

/** The last line of the output: what a preloaded module may print stands before it. */
function parseAnswer<C>(output: string): ChildConfig<C> | undefined {
  try {
    const answer: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '')
    return typeof answer === 'object' && answer !== null && 'ok' in answer ? (answer as ChildConfig<C>) : undefined
  } catch {
    return undefined
  }
}
