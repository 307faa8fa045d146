import { describeError } from '@nightshift/shared/errors'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { runProgram } from '../child/run-program.ts'
import { parseSecretFindings } from '../child/secret-findings.ts'
import { newLook, type Look, type LookContext } from '../look.ts'

type Options = NonNullable<NonNullable<CollectorConfig['security']>['secrets']>

/** Some thousands of findings; more would keep other work waiting while they are read. */
const maxOutputBytes = 1024 * 1024

/** The configured scanner finds no secret where none belongs. Its exit code says only that it found something. */
export async function lookForSecrets(options: Options, { host, signal }: LookContext): Promise<Look> {
  const look = newLook()
  try {
    const { code, output } = await runProgram({
      argv: options.command,
      folder: insideRoot(host, options.folder),
      timeoutMs: options.timeout,
      maxOutputBytes,
      signal,
    })
    const places = parseSecretFindings(output, options.format)
    const hasFailed = places === undefined || (places.length === 0 && code !== 0)
    if (hasFailed) look.unread.push(`${options.command[0]} gave no findings in the form of ${options.format} (exit code ${code})`)
    look.lookedAt = hasFailed ? 0 : 1
    look.findings = (places ?? []).map(({ rule, file, line }) => ({
      text: `${rule} in ${file}${line === null ? '' : `, line ${line}`}`,
      level: 'critical',
    }))
  } catch (error) {
    if (signal.aborted) throw error
    look.unread.push(describeError(error))
  }
  return look
}
