import { Cron } from 'croner'
import { z } from 'zod'
import { formatDuration } from '@nightshift/shared/config/scalars'

/** Words for the schedules that most jobs have. */
export const schedulePresets: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 2 * * *',
  weekly: '0 3 * * 0',
  monthly: '0 4 1 * *',
  quarterly: '0 5 1 1,4,7,10 *',
}

/** More often than that, a run would begin before the last one is well over. */
const shortestIntervalMs = 60_000
const maxCronLength = 128

const cronExpression = z
  .string()
  .max(maxCronLength)
  .transform((text) => schedulePresets[text] ?? text.trim())
  .superRefine((text, context) => {
    const refuse = (message: string, hint: string): void => context.addIssue({ code: 'custom', message, params: { hint } })
    const presets = Object.keys(schedulePresets).join(', ')
    if (text.split(/\s+/).length !== 5) {
      refuse('is no cron expression of five fields', `write for example "0 2 * * *" (every day at 02:00), or one of ${presets}`)
      return
    }
    try {
      const [first, second] = new Cron(text, { paused: true, timezone: 'UTC' }).nextRuns(2, new Date(0))
      if (first === undefined) refuse('never comes', 'there is no such day; check day and month')
      else if (second !== undefined && second.getTime() - first.getTime() < shortestIntervalMs)
        refuse('comes too often', `the shortest interval is ${formatDuration(shortestIntervalMs)}`)
    } catch {
      refuse('is no cron expression', `write for example "0 2 * * *" (every day at 02:00), or one of ${presets}`)
    }
  })
  .meta({ examples: ['0 2 * * *', 'daily'] })

/** One cron expression or several, with words for the common ones; gives a list. */
export function schedule() {
  return z
    .union([cronExpression.transform((one) => [one]), z.array(cronExpression).min(1).max(16)])
    .describe(`Cron expression of five fields, or a list of them. In words: ${presetsInWords()}`)
}

function presetsInWords(): string {
  return Object.entries(schedulePresets)
    .map(([word, cron]) => `${word} is ${cron}`)
    .join(', ')
}
