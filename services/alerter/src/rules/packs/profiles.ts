import type { ApplicationPack } from './application-rules.ts'
import type { Pack } from './rule-input.ts'

/** What a set of numbers changes in the default rules; what it does not name stays as it is. */
export interface Profile {
  readonly help: string
  readonly rules: Pack
  readonly applicationRules: ApplicationPack
  /** Rules that it switches off. */
  readonly without: readonly string[]
}

const realFileSystems = { fstype: ['!squashfs', '!iso9660', '!udf', '!erofs', '!cramfs'] }
const average = { take: 'avg', over: '5m' } as const

/** The numbers of the users' own documents, word for word. Where a document names no duration and no way back, those are ours. */
export const profiles = {
  course: {
    help: 'A bot-operations course: processor above 85 %, memory above 90 %; disks are shown, not judged',
    rules: {
      'cpu-high': { metric: 'cpu.usage_ratio', above: { warning: '85%' }, for: '5m', clear: '80%' },
      'memory-high': { metric: 'mem.used_ratio', above: { warning: '90%' }, clear: '88%' },
    },
    applicationRules: {},
    without: ['disk-full', 'disk-filling', 'inodes-full'],
  },
  posture: {
    help: 'A classification service: processor 70/85 %, memory 80/90 %, disk 80/90 %, responses 100/500 ms, slow requests 1 s, errors 1/5 %, connections 1000/2000',
    rules: {
      'cpu-high': { metric: 'cpu.usage_ratio', above: { warning: '70%', critical: '85%' }, for: '5m', clear: '68%' },
      'memory-high': { metric: 'mem.used_ratio', above: { warning: '80%', critical: '90%' }, clear: '78%' },
      'disk-full': { metric: 'fs.used_ratio', above: { warning: '80%', critical: '90%' }, clear: '79%', where: realFileSystems },
    },
    applicationRules: {},
    without: [],
  },
  cctv: {
    help: 'A video safety detector: processor 90 % for 5 min, disk 85/95 %, graphics memory 90 %, errors 5 % over 5 min, 10 frames a second, WebSockets in operating hours',
    rules: {
      'cpu-high': { metric: 'cpu.usage_ratio', above: { warning: '90%' }, for: '5m', clear: '88%' },
      'disk-full': { metric: 'fs.used_ratio', above: { warning: '85%', critical: '95%' }, clear: '84%', where: realFileSystems },
      'request-errors-high': {
        level: 3,
        metric: 'log_*.request_errors_total',
        per: { metric: 'log_*.requests_total', where: { kind: '!?*' } },
        where: { kind: '!?*' },
        take: 'increase',
        over: '5m',
        above: { critical: '5%' },
        clear: '4%',
      },
    },
    applicationRules: {
      'app-errors-high': { level: 3, reads: 'error_rate', ...average, above: { critical: '5%' }, clear: '4%' },
    },
    without: [],
  },
  platform: {
    help: 'A task plan for stability and data: errors above 1 %',
    rules: {
      'request-errors-high': {
        level: 3,
        metric: 'log_*.request_errors_total',
        per: { metric: 'log_*.requests_total', where: { kind: '!?*' } },
        where: { kind: '!?*' },
        take: 'increase',
        over: '5m',
        above: { warning: '1%' },
        clear: '0.8%',
      },
    },
    applicationRules: {
      'app-errors-high': { level: 3, reads: 'error_rate', ...average, above: { warning: '1%' }, clear: '0.8%' },
    },
    without: [],
  },
  'template-api': {
    help: 'An API in front of a language model: processor 80 %, memory 85 %, disk 90 %, responses 5 s, errors 5 %; also by what the API says itself',
    rules: {
      'cpu-high': { metric: 'cpu.usage_ratio', above: { warning: '80%' }, for: '5m', clear: '78%' },
      'memory-high': { metric: 'mem.used_ratio', above: { warning: '85%' }, clear: '83%' },
      'disk-full': { metric: 'fs.used_ratio', above: { warning: '90%' }, clear: '89%', where: realFileSystems },
      'response-slow': {
        level: 2,
        metric: 'check.latency_seconds',
        ...average,
        above: { warning: '5s' },
        clear: '4500ms',
        where: { kind: 'http' },
      },
      'request-errors-high': {
        level: 3,
        metric: 'log_*.request_errors_total',
        per: { metric: 'log_*.requests_total', where: { kind: '!?*' } },
        where: { kind: '!?*' },
        take: 'increase',
        over: '5m',
        above: { critical: '5%' },
        clear: '4%',
      },
    },
    applicationRules: {
      'app-response-slow': {
        level: 2,
        reads: 'response_time',
        unless: 'llm_response_time',
        ...average,
        above: { warning: '5s' },
        clear: '4500ms',
      },
      'app-errors-high': { level: 3, reads: 'error_rate', ...average, above: { critical: '5%' }, clear: '4%' },
      'app-cpu-high': { reads: 'cpu', ...average, above: { warning: '80%' }, clear: '78%' },
      'app-memory-high': { reads: 'memory', above: { warning: '85%' }, clear: '83%' },
      'app-disk-full': { reads: 'disk', above: { warning: '90%' }, clear: '89%' },
    },
    without: [],
  },
} as const satisfies Record<string, Profile>

export type ProfileName = keyof typeof profiles
export const profileNames = Object.keys(profiles) as ProfileName[]
export const profilesInWords = profileNames.map((name) => `${name}: ${profiles[name].help}`).join('. ')
