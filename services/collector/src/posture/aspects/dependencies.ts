import { describeError } from '@nightshift/shared/errors'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { advisoryLevels, parseNpmAudit, parsePipAudit, type Advisory, type AuditReport } from '../child/audit-report.ts'
import { runProgram } from '../child/run-program.ts'
import { summarize } from '../judge.ts'
import { newLook, type Finding, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Options = NonNullable<CollectorConfig['security']>['dependencies']
type Project = Options['projects'][number]

/** Larger reports would keep other work waiting while they are read. */
const maxOutputBytes = 1024 * 1024

const kinds: Readonly<Record<Project['kind'], { command: readonly string[]; parse(text: string): AuditReport | undefined }>> = {
  npm: { command: ['npm', 'audit', '--json'], parse: parseNpmAudit },
  pip: { command: ['pip-audit', '-f', 'json', '--desc', 'off', '--progress-spinner', 'off'], parse: parsePipAudit },
}

/** Nothing that applications depend on has a known hole. An audit that finds one exits with 1: that is no error. */
export async function lookAtDependencies(options: Options, { host, signal }: LookContext): Promise<Look> {
  const look = newLook()
  for (const project of options.projects) {
    const kind = kinds[project.kind]
    const argv = project.command ?? kind.command
    try {
      const folder = insideRoot(host, project.folder)
      const { code, output } = await runProgram({ argv, folder, timeoutMs: options.timeout, maxOutputBytes, signal })
      const report = kind.parse(output)
      if (report === undefined) {
        look.unread.push(`${argv[0]} in ${project.folder} gave no report (exit code ${code}); run it there by hand to see why`)
        continue
      }
      look.lookedAt += report.packages
      if (report.skipped.length > 0) look.unread.push(`${argv[0]} could not look up ${summarize(report.skipped, 500)} of ${project.folder}`)
      look.findings.push(...report.advisories.flatMap((advisory) => judgeAdvisory(advisory, project)))
    } catch (error) {
      if (signal.aborted) throw error
      look.unread.push(describeError(error))
    }
  }
  return look
}

function judgeAdvisory(advisory: Advisory, project: Pick<Project, 'folder' | 'level'>): Finding[] {
  const { name, level, note } = advisory
  if (level !== null && advisoryLevels.indexOf(level) < advisoryLevels.indexOf(project.level)) return []
  const graded = level === null ? 'known holes' : `a hole graded ${level}`
  return [{ text: `${name} in ${plainText(project.folder)} has ${graded}: ${note}`, level: level === 'critical' ? 'critical' : 'warning' }]
}
