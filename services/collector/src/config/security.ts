import { z } from 'zod'
import { argv, duration, type Milliseconds } from '@nightshift/shared/config/scalars'

const dayMs: Milliseconds = 86_400_000
const path = () => z.string().startsWith('/', 'write the whole path, starting with /').max(4096)
const pattern = () => path().describe('A path; * and ? stand for anything within one name')
const patterns = () => z.array(pattern()).max(256).default([])
const every = (usual: string) => duration({ min: 1000, max: 7 * dayMs }).prefault(usual)
const limit = (usual: string) => duration({ min: 1000, max: 3_600_000 }).prefault(usual).describe('A look that takes longer is broken off')
const aspect = () => z.strictObject({ enabled: z.boolean().default(true) }).prefault({})

const mode = z
  .string({ error: "write the mode in quotes, like '0600'" })
  .regex(/^[0-7]{3,4}$/, "write three or four octal digits in quotes, like '0600'")
  .transform((text) => Number.parseInt(text, 8))

const permission = z.strictObject({
  path: pattern(),
  mode: z
    .union([mode.transform((value) => [value]), z.array(mode).min(1).max(8)])
    .describe('What it may be at most; several when any of them will do'),
  owner: z.string().min(1).max(64).optional().describe('Account that must own it'),
  group: z.string().min(1).max(64).optional(),
})

const socket = z.string().regex(/^(?:tcp|udp)\/[1-9]\d{0,4}$/, 'write protocol and port, like tcp/443')

const project = z.strictObject({
  kind: z.enum(['npm', 'pip']),
  folder: path().describe('Where the audit runs'),
  command: argv().optional().describe('The default is npm audit --json, or pip-audit -f json'),
  level: z.enum(['low', 'moderate', 'high', 'critical']).default('high').describe('npm: milder advisories are counted, but are no finding'),
})

export const securitySchema = z
  .strictObject({
    every: every('1h').describe('How often it is looked at'),
    timeout: limit('1m'),
    alert_for: duration({ max: 90 * dayMs })
      .prefault('1d')
      .describe('So long a difference counts as new and its check fails; 0s: there is only the change event'),
    ignore: z
      .array(z.string().min(1).max(512))
      .max(256)
      .default(['*f2b-*', '*DOCKER*', '*KUBE-*', '*cali-*'])
      .describe('Differences that are not told, by what is named in them; * stands for anything'),
    permissions: z.array(permission).max(256).default([]).describe('What files and folders may be open to'),
    files: z
      .strictObject({
        roots: z.array(path()).max(64).default([]),
        exclude: z.array(z.string().min(1).max(4096)).max(256).default([]).describe('Paths that are left out; * stands for anything'),
        every: duration({ min: 1000, max: 7 * dayMs })
          .optional()
          .describe('The default is that of the section'),
        timeout: limit('5m'),
        max_entries: z.int().min(100).max(2_000_000).default(200_000),
      })
      .prefault({})
      .describe(
        'Folders that are searched for what anybody may write to and for setuid programs; other file systems in them are not entered',
      ),
    folders: patterns().describe('Folders whose permissions, and those of what is directly in them, are compared with the last look'),
    certificates: z
      .strictObject({
        paths: patterns().describe('PEM files'),
        warn: duration({ max: 3650 * dayMs }).prefault('30d'),
        critical: duration({ max: 3650 * dayMs }).prefault('7d'),
      })
      .prefault({}),
    ports: z
      .strictObject({
        enabled: z.boolean().default(true),
        allowed: z.array(socket).max(1024).optional().describe('Anything else that other machines can reach is a finding'),
      })
      .prefault({}),
    failed_logins: z
      .strictObject({
        enabled: z.boolean().default(true),
        file: path().default('/var/log/btmp'),
        burst: z.int().min(1).max(100_000).default(20).describe('So many within the window are a finding'),
        within: duration({ min: 60_000, max: 7 * dayMs }).prefault('1h'),
      })
      .prefault({}),
    keys: z
      .strictObject({
        rotate_after: duration({ min: dayMs }).prefault('90d'),
        records: patterns().describe('JSON files: the name of each key with `created`. A key of unknown age is due'),
        files: patterns().describe('Files that are a key; their age is that of their last change'),
      })
      .prefault({}),
    accounts: aspect(),
    sudoers: aspect(),
    authorized_keys: aspect(),
    firewall: aspect(),
    system_files: z
      .strictObject({ enabled: z.boolean().default(true), also: patterns() })
      .prefault({})
      .describe('Cron tables, systemd units, sshd_config and the like: that they changed, never what stands in them'),
    secrets: z
      .strictObject({
        command: argv(),
        format: z.enum(['gitleaks', 'trufflehog']),
        folder: path().default('/').describe('Where the scanner runs'),
        every: every('1d'),
        timeout: limit('10m'),
      })
      .optional()
      .describe('A scanner that prints its findings as JSON; count and place are told, never a value'),
    dependencies: z
      .strictObject({ projects: z.array(project).max(64).default([]), every: every('1d'), timeout: limit('5m') })
      .prefault({})
      .describe('Audits of what applications depend on'),
  })
  .optional()
  .describe('Security posture of this host')
