export interface MetricFamily {
  /** Made valid when it is not: other characters become `_`. */
  name: string
  help: string
  type: 'counter' | 'gauge'
  /** A sample whose value is null (unreadable) is left out. */
  samples: { labels: Record<string, string>; value: number | null }[]
}

/** The text format 0.0.4 of Prometheus, as every scraper reads it. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Families as Prometheus text. A family without a readable sample is left out. */
export function prometheusText(families: readonly MetricFamily[]): string {
  return families.map(renderFamily).join('')
}

function renderFamily(family: MetricFamily): string {
  const name = validName(family.name)
  const lines = family.samples
    .filter((sample) => sample.value !== null)
    .map((sample) => `${name}${renderLabels(sample.labels)} ${renderNumber(sample.value ?? 0)}\n`)
  if (lines.length === 0) return ''
  return `# HELP ${name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${family.type}\n${lines.join('')}`
}

function renderLabels(labels: Record<string, string>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${validName(name).replaceAll(':', '_')}="${escapeLabel(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function renderNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}

function validName(name: string): string {
  const valid = name.replaceAll(/[^A-Za-z0-9_:]/g, '_')
  return /^[0-9]/.test(valid) || valid === '' ? `_${valid}` : valid
}
