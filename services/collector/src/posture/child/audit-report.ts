import { plainText } from '../plain-text.ts'
import { isObject } from '../../json-object.ts'

export const advisoryLevels = ['info', 'low', 'moderate', 'high', 'critical'] as const
export type AdvisoryLevel = (typeof advisoryLevels)[number]

/** A package with known holes. */
export interface Advisory {
  readonly name: string
  /** Null: the audit does not grade them. */
  readonly level: AdvisoryLevel | null
  /** What is known about it: names of advisories, versions that are mended. */
  readonly note: string
}

export interface AuditReport {
  readonly advisories: readonly Advisory[]
  /** Packages that were looked up. */
  readonly packages: number
  /** Names of packages that could not be looked up. */
  readonly skipped: readonly string[]
}

const maxAdvisories = 1000

/** What `npm audit --json` printed (of npm 7 and later); undefined when it is no report. */
export function parseNpmAudit(text: string): AuditReport | undefined {
  const value = parseJson(text)
  if (!isObject(value) || !isObject(value['vulnerabilities'])) return undefined
  const metadata = isObject(value['metadata']) ? value['metadata'] : {}
  const dependencies = isObject(metadata['dependencies']) ? metadata['dependencies']['total'] : undefined
  const advisories = Object.entries(value['vulnerabilities'])
    .slice(0, maxAdvisories)
    .map(([name, entry]): Advisory => {
      const severity = isObject(entry) ? entry['severity'] : undefined
      const canBeFixed = isObject(entry) && entry['fixAvailable'] !== false && entry['fixAvailable'] !== undefined
      return { name: plainText(name, 128), level: levelOf(severity), note: canBeFixed ? 'a fix is available' : 'no fix is available' }
    })
  return { advisories, packages: typeof dependencies === 'number' ? dependencies : advisories.length, skipped: [] }
}

/** What `pip-audit -f json` printed, of its older versions too; undefined when it is no report. */
export function parsePipAudit(text: string): AuditReport | undefined {
  const value = parseJson(text)
  const dependencies = isObject(value) ? value['dependencies'] : value
  if (!Array.isArray(dependencies)) return undefined
  const packages = dependencies.filter(isObject)
  const advisories = packages.flatMap((entry): Advisory[] => {
    const holes = Array.isArray(entry['vulns']) ? entry['vulns'].filter(isObject) : []
    if (holes.length === 0) return []
    const ids = holes.map((hole) => String(hole['id'])).slice(0, 5)
    const fixes = holes.flatMap((hole) => (Array.isArray(hole['fix_versions']) ? hole['fix_versions'].map(String) : []))
    const mended = fixes.length === 0 ? 'no fix is available' : `mended in ${fixes.at(-1)}`
    const name = `${String(entry['name'])} ${String(entry['version'])}`
    return [{ name: plainText(name, 128), level: null, note: plainText(`${ids.join(', ')}; ${mended}`) }]
  })
  const skipped = packages.filter((entry) => entry['skip_reason'] !== undefined).map((entry) => plainText(String(entry['name']), 128))
  return { advisories: advisories.slice(0, maxAdvisories), packages: packages.length - skipped.length, skipped }
}

function levelOf(value: unknown): AdvisoryLevel | null {
  return advisoryLevels.find((level) => level === value) ?? null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
