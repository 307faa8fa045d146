import type { Figure } from './benchmark.ts'

const header = ['figure', 'value', 'unit', 'peer', 'ratio']
const significantDigits = 3

/** Figures as a table for people, columns aligned. */
export function renderTable(figures: Readonly<Record<string, Figure>>): string {
  const rows = Object.entries(figures).map(([name, { value, unit, peer, ratio }]) => [
    name,
    shorten(value),
    unit,
    shorten(peer),
    shorten(ratio),
  ])
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const isText = (column: number): boolean => column === 0 || column === 2
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [header, ...rows].map(line).join('\n')
}

/** The last line of a run, for machines. */
export function renderJson(bench: string, figures: Readonly<Record<string, Figure>>): string {
  return JSON.stringify({ bench, figures })
}

/** `figure` beside what a peer needs; a peer of 0 gives no ratio. */
export function besidePeer(figure: Figure, peer: number): Figure {
  return peer === 0 ? { ...figure, peer } : { ...figure, peer, ratio: figure.value / peer }
}

function shorten(number: number | undefined): string {
  if (number === undefined) return '-'
  const isLong = Math.abs(number) >= 10 ** significantDigits
  return isLong ? String(Math.round(number)) : String(Number(number.toPrecision(significantDigits)))
}
