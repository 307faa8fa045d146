const space = 0x20
const tab = 0x09

/** The number behind a name in a list of lines `name number`, such as /proc/vmstat; undefined when the kernel does not have it. */
export function findCounter(text: string, name: string): number | undefined {
  for (let start = text.indexOf(name); start !== -1; start = text.indexOf(name, start + 1)) {
    const end = start + name.length
    if (start > 0 && text[start - 1] !== '\n') continue
    if (!isBlank(text, end)) continue
    let digits = end
    while (isBlank(text, digits)) digits++
    const lineEnd = text.indexOf('\n', digits)
    return toCounter(text.slice(digits, lineEnd === -1 ? undefined : lineEnd))
  }
  return undefined
}

/** One table of /proc/net/snmp or /proc/net/netstat. */
export interface Table {
  get(name: string): number | undefined
}

/**
 * One table of a list in which a line of names is followed by a line of numbers, each starting with the table's name. Of well over a
 * hundred columns only a few are wanted, so only those are turned into numbers. undefined when it is not there.
 */
export function findTable(text: string, table: string): Table | undefined {
  const prefix = `${table}: `
  const start = text.startsWith(prefix) ? 0 : text.indexOf(`\n${prefix}`) + 1
  if (start === 0 && !text.startsWith(prefix)) return undefined
  const namesEnd = text.indexOf('\n', start)
  if (namesEnd === -1 || !text.startsWith(prefix, namesEnd + 1)) return undefined
  const valuesEnd = text.indexOf('\n', namesEnd + 1)
  const names = text.slice(start, namesEnd).split(' ')
  const values = text.slice(namesEnd + 1, valuesEnd === -1 ? undefined : valuesEnd).split(' ')
  return {
    get(name) {
      const column = names.indexOf(name, 1)
      return column === -1 ? undefined : toCounter(values[column] ?? '')
    },
  }
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === space || code === tab
}

/** The numbers of a line `TCP: inuse 1 orphan 0`, by name; undefined when the line is not there. */
export function findPairs(text: string, line: string): ReadonlyMap<string, number> | undefined {
  const content = new RegExp(`^${line}: (.*)$`, 'm').exec(text)?.[1]
  if (content === undefined) return undefined
  const words = content.trim().split(/ +/)
  const found = new Map<string, number>()
  for (let index = 0; index + 1 < words.length; index += 2) {
    const value = toCounter(words[index + 1] ?? '')
    if (value !== undefined) found.set(words[index] ?? '', value)
  }
  return found
}

/** Some of the kernel's counters are signed: -1 stands for none. */
function toCounter(text: string): number | undefined {
  return /^\d{1,20}$/.test(text) ? Number(text) : undefined
}
