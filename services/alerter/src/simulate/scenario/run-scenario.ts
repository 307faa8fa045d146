import type { BaseConfig } from '@nightshift/shared/config/base'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { ContractError } from '@nightshift/shared/errors'
import type { AlerterConfig } from '../../config.ts'
import type { Notification } from '../../notify/notification.ts'
import { compileRules } from '../../rules/compile.ts'
import { textsOf } from '../../texts/texts.ts'
import { timezoneOf } from '../../timezone.ts'
import { Simulation } from '../simulation.ts'
import { alertsAt, type SeenAlert } from './seen-alert.ts'
import { compareAlerts, compareMessages, type SeenMessage } from './compare.ts'
import type { Scenario } from './scenario-config.ts'
import { timelineOf } from './timeline.ts'

/** What became of one test. */
export interface ScenarioResult {
  readonly name: string
  /** Each difference as some lines for a person; none when the test passes. */
  readonly failures: readonly string[]
  readonly messages: number
}

/** Samples may lie further apart than heartbeats do, and then every host would be missed. */
const nobody = ['!*']
const longSpanMs = 6 * 3_600_000
/** A longer one the presence of hosts would take for a pause of its own (presence/sight.ts). */
const listeningLookMs = 5000
const deafLookMs = 60_000

/** A moment of the scenario: what happens, or what is looked at. Looking comes after everything else of the same time. */
interface Moment {
  readonly atMs: number
  readonly rank: number
  run(simulation: Simulation): Promise<void>
}

/** Runs one test through the whole pipeline. `base` and `config` as they would be in force. */
export async function runScenario(scenario: Scenario, base: BaseConfig, config: AlerterConfig): Promise<ScenarioResult> {
  const startMs = Date.parse(scenario.start)
  const texts = textsOf(base.locale, timezoneOf(base))
  const textOf = (notification: Notification): string =>
    [
      texts.title(notification),
      texts.oneLine(notification),
      ...texts.lines(notification),
      texts.contactsLine(notification) ?? '',
      texts.levelLine(notification) ?? '',
    ].join('\n')
  const sent: SeenMessage[] = []
  const failures: string[] = []
  let compared = 0
  const moments: Moment[] = [
    ...timelineOf(scenario).map((message) => ({
      atMs: message.receivedMs,
      rank: 0,
      run: (simulation: Simulation) => simulation.receive(message),
    })),
    ...scenario.silences.map(({ at, matchers, for: forMs }) => ({
      atMs: startMs + at,
      rank: 1,
      run: async (simulation: Simulation) =>
        void (await simulation.ask('silence', { matchers, duration_seconds: forMs / 1000, creator: 'the test', comment: scenario.name })),
    })),
    ...scenario.acks.map(({ at, rule, host, actor }) => ({
      atMs: startMs + at,
      rank: 1,
      run: async (simulation: Simulation) =>
        void (await simulation.ask('ack', { alert: alertOf(alertsAt(simulation.standing()), rule, host), actor })),
    })),
    ...scenario.expect.map((expectation) => ({
      atMs: startMs + expectation.at,
      rank: 2,
      run: async (simulation: Simulation) => {
        const news = sent.slice(compared)
        const where = `at ${formatDuration(expectation.at)}: `
        const alerts = expectation.alerts && compareAlerts(expectation.alerts, alertsAt(simulation.standing()), expectation.others)
        const messages = expectation.messages && compareMessages(expectation.messages, news, expectation.others)
        if (expectation.messages !== undefined) compared = sent.length
        for (const difference of [alerts, messages]) if (difference !== undefined) failures.push(`${where}${difference}`)
        await Promise.resolve()
      },
    })),
  ]
  const judged = scenario.silent.length > 0 ? config : { ...config, presence: { ...config.presence, hosts: nobody } }
  const simulation = await Simulation.open({
    base,
    config: judged,
    startMs: startMs - 1,
    leastLookMs: leastLookMsOf(scenario, config),
    onAlert: () => undefined,
    onNotification: (notification, atMs) => {
      sent.push({ atMs: atMs - startMs, text: textOf(notification), notification })
    },
  })
  try {
    for (const moment of moments.toSorted((a, b) => a.atMs - b.atMs || a.rank - b.rank)) {
      await simulation.advanceTo(moment.atMs)
      await moment.run(simulation)
    }
    failures.push(...simulation.problems().map((problem) => `the alerter says: ${problem}`))
  } finally {
    await simulation.close()
  }
  return { name: scenario.name, failures, messages: sent.length }
}

/** Hours are run through second by second, days in longer strides where nobody listens for silence, so that each test takes a moment. */
function leastLookMsOf({ silent, expect }: Scenario, config: AlerterConfig): number {
  if (Math.max(...expect.map(({ at }) => at)) <= longSpanMs) return 1
  return silent.length > 0 || compileRules(config).absenceRules.length > 0 ? listeningLookMs : deafLookMs
}

function alertOf(alerts: readonly SeenAlert[], rule: string, host: string | undefined): string {
  const found = alerts.find((alert) => alert.rule === rule && (host === undefined || alert.host === host))
  if (found === undefined)
    throw new ContractError('bad_scenario', `there is no alert of ${rule}${host === undefined ? '' : ` on ${host}`} to acknowledge then`)
  return found.fingerprint
}
