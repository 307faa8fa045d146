import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startProcess, waitUntil, type ServiceProcess } from './service-process.ts'

export const campaignHost = 'campaign-1'
const services = ['collector', 'alerter', 'healer', 'reporter'] as const
type LoneService = (typeof services)[number]

export interface LoneServicesOptions {
  folder: string
  /** The broker as each service sees it. */
  natsUrl(service: LoneService): string
  targetUrl: string
  webhookUrl: string
}

export interface LoneServices {
  readonly processes: readonly ServiceProcess[]
  /** Runs of the playbook's command, one line each. */
  healedRuns: () => string[]
  stop(): Promise<void>
}

/** The four services, each alone in a process of its own, as images and units start them. */
export async function startLoneServices(options: LoneServicesOptions): Promise<LoneServices> {
  const healed = join(options.folder, 'healed.txt')
  appendFileSync(healed, '')
  const processes = services.map((service) => {
    const file = join(options.folder, `${service}.yaml`)
    writeFileSync(file, stringify(configOf(service, options, healed)))
    return startProcess(service, ['run', service, '--config', file], options.folder)
  })
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((process) => process.kill('SIGTERM')))
  }
  try {
    await waitUntil('the services connect', () => services.every((service) => isConnected(options.folder, service)), 30_000)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    processes,
    healedRuns: () =>
      readFileSync(healed, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    stop,
  }
}

function isConnected(folder: string, service: LoneService): boolean {
  return readFileSync(join(folder, `${service}.log`), 'utf8').includes('connected to the bus')
}

function configOf(service: LoneService, options: LoneServicesOptions, healed: string): object {
  return {
    host: campaignHost,
    state_dir: join(options.folder, 'state', service),
    nats: { servers: [options.natsUrl(service)] },
    http: { port: 0 },
    collector: {
      checks: { target: { kind: 'http', url: options.targetUrl, every: '500ms', timeout: '400ms', failures: 1, successes: 1 } },
    },
    alerter: {
      default_rules: false,
      rules: { 'target-down': { check: 'target', severity: 'critical' } },
      channels: { hook: { kind: 'webhook', url: options.webhookUrl } },
      // The check flips on purpose, and each flip is to be heard.
      flapping: { enabled: false },
    },
    healer: {
      rate: { actions: 30, per: '1m' },
      playbooks: {
        'note-target': {
          when: { check: 'target' },
          run: ['/bin/sh', '-c', `echo "$NIGHTSHIFT_RUN" >> ${healed}`],
          mode: 'auto',
          attempts: 10,
          verify: { passes: 1, within: '1s', every: '500ms' },
          cooldown: '0s',
        },
      },
    },
    reporter: {},
  }
}
