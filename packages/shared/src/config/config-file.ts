import type { Diagnostic } from './diagnostic.ts'
import { readBounded } from './read-bounded.ts'

/** The largest configuration file that is read. */
const maxConfigBytes = 1_048_576
const maxBadLines = 10

export type ConfigText = { ok: true; text: string; mode: number } | { ok: false; diagnostics: Diagnostic[] }

/** The text of a configuration file, or why there is none. */
export async function readConfigFile(file: string): Promise<ConfigText> {
  const content = await readBounded(file, maxConfigBytes)
  if (!content.ok) return refuse(file, `the file ${content.reason}`, content.hint)
  const [first, second] = content.bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return refuse(file, 'the file is in UTF-16', 'save it as UTF-8')
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(content.bytes), mode: content.mode }
  } catch {
    return { ok: false, diagnostics: findBadLines(file, content.bytes) }
  }
}

function refuse(file: string, message: string, hint: string | undefined): ConfigText {
  return { ok: false, diagnostics: [{ severity: 'error', file, path: '', message, ...(hint === undefined ? {} : { hint }) }] }
}

function findBadLines(file: string, bytes: Uint8Array): Diagnostic[] {
  const strict = new TextDecoder('utf-8', { fatal: true })
  const diagnostics: Diagnostic[] = []
  let line = 1
  for (let start = 0; start < bytes.length && diagnostics.length < maxBadLines; line++) {
    const lineFeed = bytes.indexOf(0x0a, start)
    const end = lineFeed === -1 ? bytes.length : lineFeed
    const part = bytes.subarray(start, end)
    try {
      strict.decode(part)
    } catch {
      const column = new TextDecoder('utf-8').decode(part).indexOf('\ufffd') + 1
      diagnostics.push({
        severity: 'error',
        file,
        line,
        column,
        path: '',
        message: 'a character here is not UTF-8',
        hint: 'save the file as UTF-8 (is it in CP949 or Latin-1?)',
      })
    }
    start = end + 1
  }
  return diagnostics
}
