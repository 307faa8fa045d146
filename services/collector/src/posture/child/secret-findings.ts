import { plainText } from '../plain-text.ts'
import { isObject } from '../../json-object.ts'

/** Where a scanner saw a secret. What it saw is never taken from its output. */
export interface SecretPlace {
  /** The scanner's name for the kind of secret. */
  readonly rule: string
  readonly file: string
  readonly line: number | null
}

export type ScannerFormat = 'gitleaks' | 'trufflehog'

const maxPlaces = 1000

/** What a scanner printed; undefined when that cannot be understood. */
export function parseSecretFindings(text: string, format: ScannerFormat): SecretPlace[] | undefined {
  const values = format === 'gitleaks' ? parseArray(text) : parseLines(text)
  return values?.slice(0, maxPlaces).map(format === 'gitleaks' ? gitleaksPlace : trufflehogPlace)
}

/** `gitleaks ... --report-format json --report-path /dev/stdout` */
function gitleaksPlace(value: Record<string, unknown>): SecretPlace {
  return place(value['RuleID'], value['File'], value['StartLine'])
}

/** `trufflehog filesystem --json`, `trufflehog git --json` */
function trufflehogPlace(value: Record<string, unknown>): SecretPlace {
  const metadata = value['SourceMetadata']
  const data = isObject(metadata) && isObject(metadata['Data']) ? Object.values(metadata['Data']).find(isObject) : undefined
  return place(value['DetectorName'], data?.['file'], data?.['line'])
}

function place(rule: unknown, file: unknown, line: unknown): SecretPlace {
  return {
    rule: typeof rule === 'string' && /^[\w .:-]{1,64}$/.test(rule) ? rule : 'secret',
    file: typeof file === 'string' ? plainText(file) : 'an unnamed place',
    line: typeof line === 'number' && Number.isInteger(line) ? line : null,
  }
}

function parseArray(text: string): Record<string, unknown>[] | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '[]' : text)
    return value === null ? [] : Array.isArray(value) ? value.filter(isObject) : undefined
  } catch {
    return undefined
  }
}

/** One object a line; other lines are its log. */
function parseLines(text: string): Record<string, unknown>[] | undefined {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    try {
      const value: unknown = JSON.parse(line)
      return isObject(value) && 'SourceMetadata' in value ? [value] : []
    } catch {
      return []
    }
  })
}
