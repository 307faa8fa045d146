import { z } from 'zod'
import { referencesExist, type CrossCheck } from '@nightshift/shared/config/cross-check'
import { argv, configName, duration } from '@nightshift/shared/config/scalars'

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000

const verifySchema = z
  .strictObject({
    passes: z.int().min(1).max(100).default(3).describe('Times in a row the check must pass'),
    within: duration({ min: 100, max: hourMs }).prefault('30s').describe('Time it has for that'),
    every: duration({ min: 100, max: 10 * minuteMs })
      .prefault('1s')
      .describe('Pause between two questions'),
  })
  .superRefine((verify, context) => {
    if ((verify.passes - 1) * verify.every < verify.within) return
    context.addIssue({
      code: 'custom',
      path: ['within'],
      message: `too short for ${verify.passes} passes with that pause between them; raise within, or lower passes or every`,
    })
  })

const playbookSchema = z.strictObject({
  when: z
    .strictObject({
      check: configName().describe('A check of this host, as named in collector.checks'),
    })
    .describe('What sets it off'),
  mode: z.enum(['dry_run', 'auto']).default('dry_run').describe('dry_run only says what it would do; auto does it'),
  run: argv(),
  cwd: z.string().startsWith('/', 'give an absolute path').optional().describe('Folder to run in; the default is /'),
  env: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'use the name of an environment variable'))
    .max(64)
    .default([])
    .describe('Names of variables of the healer that the command may see, besides PATH'),
  timeout: duration({ min: 100, max: hourMs }).prefault('30s').describe('Then its process group is ended, first with SIGTERM'),
  detach: z
    .boolean()
    .default(false)
    .describe('The command is a daemon that stays: it is started, and counts as done when it lives for 1 s'),
  attempts: z.int().min(1).max(10).default(3).describe('Actions on this target within `window`; then a person is called'),
  window: duration({ min: minuteMs, max: dayMs }).prefault('15m'),
  backoff: z
    .array(duration({ max: hourMs }))
    .min(1)
    .max(10)
    .prefault(['0s', '30s', '2m'])
    .describe('Wait before the first, second... attempt; the last one repeats'),
  verify: verifySchema.prefault({}),
  cooldown: duration({ max: dayMs }).prefault('1m').describe('Rest after a success before the same target is acted on again'),
})

/** The `healer:` section: which command may run when which check of this host fails. */
export const healerConfigSchema = z
  .strictObject({
    max_age: duration({ min: minuteMs, max: 30 * dayMs })
      .prefault('10m')
      .describe('An older trigger waits for what came after it before it is looked at'),
    max_hold: duration({ min: minuteMs, max: 7 * dayMs })
      .prefault('24h')
      .describe('A run that is held for so long calls a person'),
    rate: z
      .strictObject({
        actions: z.int().min(1).max(30).default(10),
        per: duration({ min: minuteMs, max: dayMs }).prefault('10m'),
      })
      .prefault({})
      .describe('Actions of all playbooks together'),
    playbooks: z.record(configName(), playbookSchema).default({}),
  })
  .superRefine((config, context) => {
    const entries = Object.entries(config.playbooks)
    if (entries.length > 64)
      context.addIssue({
        code: 'custom',
        path: ['playbooks'],
        message: `${entries.length} playbooks; the most is 64`,
      })
    const first = new Map<string, string>()
    for (const [name, playbook] of entries) {
      const other = first.get(playbook.when.check)
      if (other === undefined) first.set(playbook.when.check, name)
      else {
        const message = `check ${playbook.when.check} already has the playbook ${other}; one check takes one playbook`
        context.addIssue({ code: 'custom', path: ['playbooks', name, 'when', 'check'], message })
      }
    }
  })
  .describe('Heals this host: runs a local command when a check fails, within rails')

export type HealerConfig = z.infer<typeof healerConfigSchema>

/** Across sections: a playbook names a check that the collector of this file runs. */
export const healerCrossChecks: readonly CrossCheck[] = [
  referencesExist({ from: ['healer.playbooks.*.when.check'], to: 'collector.checks', what: 'check' }),
]
