import type { RunProgress } from '@nightshift/backup/jobs/progress'
import { plainText } from './plain-text.ts'
import { bytesText } from './quantities.ts'

const barWidth = 24

/** One line of how far a run is, no longer than the screen is wide. The whole is only as large as the last backup was: it may be exceeded. */
export function progressLine({ step, doneBytes, totalBytes, doneItems }: RunProgress, columns: number): string {
  const share = doneBytes === null || totalBytes === null || totalBytes === 0 ? null : Math.min(1, doneBytes / totalBytes)
  const bar =
    share === null
      ? ''
      : `[${'#'.repeat(Math.round(share * barWidth)).padEnd(barWidth, '.')}] ${String(Math.floor(share * 100)).padStart(3)} %  `
  const amount = doneBytes === null ? '' : `${bytesText(doneBytes)}${totalBytes === null ? '' : ` of ${bytesText(totalBytes)}`}  `
  const items = doneItems === null ? '' : `${doneItems} files  `
  return plainText(`${bar}${amount}${items}${step}`).slice(0, Math.max(20, columns - 1))
}
