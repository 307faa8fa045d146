export interface ParsedFamily {
  name: string
  help: string
  type: string
  samples: { labels: Record<string, string>; value: number }[]
}

/** A strict reader of the Prometheus text format: throws on anything that a scraper would refuse. */
export function parsePrometheus(text: string): ParsedFamily[] {
  const families: ParsedFamily[] = []
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.split('\n').slice(0, -1)) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/su.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (help !== null) {
      if (families.some((family) => family.name === help[1])) throw new Error(`second family ${help[1]}`)
      families.push({ name: help[1] ?? '', help: unescape(help[2] ?? ''), type: '', samples: [] })
    } else if (type !== null) {
      const family = families.at(-1)
      if (family === undefined || family.name !== type[1]) throw new Error(`TYPE without HELP: ${line}`)
      family.type = type[2] ?? ''
    } else {
      families.at(-1)?.samples.push(parseSample(line, families.at(-1)?.name ?? ''))
    }
  }
  return families
}

function parseSample(line: string, family: string): ParsedFamily['samples'][number] {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/su.exec(line)
  if (match === null || match[1] !== family) throw new Error(`not a sample of ${family}: ${line}`)
  const labels: Record<string, string> = {}
  let rest = match[2] ?? ''
  while (rest !== '') {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/su.exec(rest)
    if (label === null) throw new Error(`not a label: ${rest}`)
    labels[label[1] ?? ''] = unescape(label[2] ?? '')
    rest = rest.slice(label[0].length)
  }
  return { labels, value: parseNumber(match[3] ?? '') }
}

function parseNumber(text: string): number {
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  if (text === 'NaN') return Number.NaN
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`not a number: ${text}`)
  return Number(text)
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gsu, (_all, character: string) => (character === 'n' ? '\n' : character))
}
