/** The line that a diagnostic is about, with secrets hidden, and the part of it that is meant. */
export interface Excerpt {
  readonly text: string
  /** Offsets into `text`. */
  readonly start: number
  readonly end: number
}

/** One thing that is wrong with a configuration, as a person needs it to repair it. Plain data: it crosses processes as JSON. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** From 1. Absent when it is about the file as a whole. */
  readonly line?: number
  /** From 1. */
  readonly column?: number
  /** `collector.checks.web.every`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  readonly excerpt?: Excerpt
}

/** More than a person reads at once. */
export const maxDiagnostics = 200

/** `config.yaml:12:7: collector.checks.web.evry: unknown key; did you mean "every"?` */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const path = diagnostic.path === '' ? '' : `${diagnostic.path}: `
  const hint = diagnostic.hint === undefined ? '' : `; ${diagnostic.hint}`
  const warning = diagnostic.severity === 'warning' ? 'warning: ' : ''
  return `${formatPlace(diagnostic)}: ${warning}${path}${diagnostic.message}${hint}`
}

/** For a terminal: the message, the line it is about with a caret under the place, and what to do. */
export function formatDiagnosticFrame(diagnostic: Diagnostic, options: { color: boolean }): string {
  const paint = options.color ? paints : plain
  const tone = diagnostic.severity === 'error' ? paint.error : paint.warning
  const path = diagnostic.path === '' ? '' : `${paint.strong(diagnostic.path)}: `
  const lines = [`${tone(diagnostic.severity)}: ${path}${diagnostic.message}`, `  ${paint.faint(`at ${formatPlace(diagnostic)}`)}`]
  const { excerpt, line, hint } = diagnostic
  if (excerpt !== undefined && line !== undefined) {
    const gutter = String(line)
    const blank = ' '.repeat(gutter.length)
    lines.push(`  ${paint.faint(`${gutter} |`)} ${excerpt.text}`)
    lines.push(`  ${paint.faint(`${blank} |`)} ${padTo(excerpt)}${tone('^'.repeat(caretWidth(excerpt)))}`)
  }
  if (hint !== undefined) lines.push(`  ${paint.hint('hint')}: ${hint}`)
  return lines.join('\n')
}

/** All of them as a person reads them in a terminal, with a last line that counts them. */
export function formatReport(diagnostics: readonly Diagnostic[], options: { color: boolean }): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length
  const counts = [...count(errors, 'error'), ...count(diagnostics.length - errors, 'warning')]
  return [...diagnostics.map((diagnostic) => formatDiagnosticFrame(diagnostic, options)), counts.join(', ')]
    .filter((part) => part !== '')
    .join('\n\n')
}

function formatPlace(diagnostic: Diagnostic): string {
  if (diagnostic.line === undefined) return diagnostic.file
  return `${diagnostic.file}:${diagnostic.line}:${diagnostic.column ?? 1}`
}

function count(amount: number, what: string): string[] {
  if (amount === 0) return []
  return [`${amount} ${what}${amount === 1 ? '' : 's'}`]
}

/** Blanks as wide as what stands before the caret; tabs stay tabs. */
function padTo(excerpt: Excerpt): string {
  return Array.from(excerpt.text.slice(0, excerpt.start), (char) => (char === '\t' ? '\t' : ' '.repeat(displayWidth(char)))).join('')
}

function caretWidth(excerpt: Excerpt): number {
  const width = Array.from(excerpt.text.slice(excerpt.start, excerpt.end)).reduce((sum, char) => sum + displayWidth(char), 0)
  return Math.max(1, width)
}

const wide = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u

/** Terminal columns of a character: Korean, Chinese and Japanese ones take two. */
function displayWidth(char: string): number {
  if (/\p{Mark}|\u200d/u.test(char)) return 0
  return wide.test(char) ? 2 : 1
}

type Paint = Record<'error' | 'warning' | 'strong' | 'faint' | 'hint', (text: string) => string>

const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`
const same = (text: string) => text
const paints: Paint = { error: sgr(31), warning: sgr(33), strong: sgr(1), faint: sgr(2), hint: sgr(36) }
const plain: Paint = { error: same, warning: same, strong: same, faint: same, hint: same }
