import { NightshiftError } from '@nightshift/shared/errors'
import { redactText } from '@nightshift/shared/service/redact'
import type { CheckConfig } from '../config.ts'
import { findPattern, quoted } from './expectations/find-pattern.ts'
import { maxOutputBytes, plainEnvironment, runChild, type ChildEnd } from '../children/bounded-child.ts'
import { failed, passed, unsupported, type CheckKind, type Outcome } from './check.ts'
import { durationText } from '../duration-text.ts'
import { judgeJson } from './expectations/json-expectation.ts'
import { judgeText } from './expectations/text-expectation.ts'
import { findUser } from './files/user-names.ts'

type CommandCheckConfig = Extract<CheckConfig, { kind: 'command' }>

/** Of the output in an error. */
const maxShown = 300
const nagiosSeverity = ['ok', 'warning', 'critical'] as const

/** A program ends well and says the right thing. Its arguments are not shown: there may be a secret among them. */
export const commandCheck: CheckKind<'command'> = {
  kind: 'command',
  async run(config, { signal, timeoutMs }) {
    const program = config.argv[0] ?? ''
    const user = config.user === undefined ? undefined : findUser(config.user)
    if (config.user !== undefined && user === undefined) return failed(`there is no user ${config.user} in /etc/passwd`)
    const end = await runChild({
      argv: config.argv,
      cwd: config.cwd ?? '/',
      env: environmentOf(config),
      signal,
      ...(user === undefined || user.uid === process.getuid?.() ? {} : user),
    })
    if (end.startError !== undefined) return explainStart(config, end.startError)
    if (signal.aborted) return failed(`${program} did not end within ${durationText(timeoutMs)} and was killed, with all that it started`)
    try {
      return judge(config, program, end)
    } catch (error) {
      if (error instanceof NightshiftError) return failed(error.message)
      throw error
    }
  },
}

function environmentOf({ env, pass_env: inherit }: CommandCheckConfig): Record<string, string> {
  const inherited = inherit.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return { ...plainEnvironment(), ...Object.fromEntries(inherited), ...env }
}

function explainStart({ argv, cwd, user }: CommandCheckConfig, error: NodeJS.ErrnoException): Outcome {
  const program = argv[0] ?? ''
  if (error.code === 'ENOENT') {
    const where = cwd === undefined ? '' : `, or no folder ${cwd}`
    return failed(`there is no program ${program}${where} on this machine: install it, or write its whole path`)
  }
  if (error.code === 'EACCES') return failed(`${program} may not be run: look at its permissions (chmod +x) and those of its folder`)
  if (error.code === 'EPERM' && user !== undefined) return unsupported(`only root may run ${program} as ${user}`)
  return failed(`${program} could not be started: ${error.code ?? error.message}`)
}

function judge(config: CommandCheckConfig, program: string, end: ChildEnd): Outcome {
  const { code, stdout, stderr, isCut } = end
  const said = (stdout.trim() === '' ? stderr : stdout).trim().split('\n', 1)[0] ?? ''
  const firstLine = redactText(said).slice(0, maxShown)
  const detail: Record<string, string | number | boolean | null> = {
    exit_code: code,
    ...(end.signal === null ? {} : { signal: end.signal }),
    output_bytes: Buffer.byteLength(stdout),
    output_cut: isCut,
  }
  if (code === null) return failed(`${program} was ended by ${end.signal}`, detail)
  if (config.exit_codes === 'nagios') {
    detail['severity'] = nagiosSeverity[code] ?? 'unknown'
    const status = firstLine.split('|', 1)[0]?.trim()
    if (code === 3) return unsupported(`${program} says unknown: ${status}`, detail)
    if (code !== 0) return failed(`${program} says ${nagiosSeverity[code] ?? `exit code ${code}`}: ${status}`, detail)
  } else if (!config.exit_codes.includes(code)) {
    const expected = config.exit_codes.join(' or ')
    return failed(`${program} ended with ${code}, expected ${expected}${firstLine === '' ? '' : `: ${firstLine}`}`, detail)
  }
  const what = `the output of ${program}`
  const isLong = isCut && Buffer.byteLength(stdout) >= maxOutputBytes
  const number = config.number === undefined ? undefined : judgeNumber(config.number, stdout, what, detail)
  const problem =
    judgeText(config, stdout, what, isLong) ??
    number ??
    (config.json === undefined ? undefined : judgeJson(config.json, stdout, what, isLong))
  return problem === undefined ? passed(detail) : failed(problem, detail)
}

function judgeNumber(
  { pattern, min, max }: NonNullable<CommandCheckConfig['number']>,
  text: string,
  what: string,
  detail: Record<string, string | number | boolean | null>,
): string | undefined {
  const match = findPattern(pattern, text)
  if (match === null) return `${what} does not match ${quoted(pattern)}`
  const value = Number(match[1] ?? match[0])
  if (!Number.isFinite(value)) return `in ${what}, ${quoted(match[1] ?? match[0])} is no number`
  detail['value'] = value
  if (min !== undefined && value < min) return `in ${what}, the value ${value} is less than ${min}`
  return max !== undefined && value > max ? `in ${what}, the value ${value} is more than ${max}` : undefined
}
