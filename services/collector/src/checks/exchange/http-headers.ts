import { quoted } from '../expectations/find-pattern.ts'
import { judgeText } from '../expectations/text-expectation.ts'

/** The value itself, or what must be true of it. */
export type HeaderExpectation =
  | string
  | { readonly present?: boolean | undefined; readonly contains?: string | undefined; readonly matches?: string | undefined }

/** What is wrong with the headers of an answer, or undefined. Their values are not shown: a cookie is among them. */
export function judgeHeaders(
  expected: Readonly<Record<string, HeaderExpectation>>,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  for (const [name, wanted] of Object.entries(expected)) {
    const lines = [headers[name.toLowerCase()] ?? []].flat()
    const problem = judgeHeader(`the header ${name.toLowerCase()}`, wanted, lines)
    if (problem !== undefined) return problem
  }
  return undefined
}

function judgeHeader(what: string, wanted: HeaderExpectation, lines: readonly string[]): string | undefined {
  if (typeof wanted !== 'string' && wanted.present === false) return lines.length === 0 ? undefined : `${what} is sent, but must not be`
  if (lines.length === 0) return `${what} is missing`
  const text = lines.join('\n')
  if (typeof wanted !== 'string') return judgeText(wanted, text, what, false)
  return lines.includes(wanted) ? undefined : `${what} is not ${quoted(wanted)}`
}
