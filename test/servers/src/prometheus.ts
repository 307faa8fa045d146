import { freePort } from './nats.ts'
import { DatabaseProcess, findProgram } from './postgres.ts'

/** Why Prometheus cannot be started here; undefined when it can. */
export function prometheusObstacle(): string | undefined {
  return findProgram('PROMETHEUS', 'prometheus') === undefined ? 'no prometheus: put one on PATH, or set PROMETHEUS' : undefined
}

/** Why Alertmanager cannot be started here; undefined when it can. */
export function alertmanagerObstacle(): string | undefined {
  return alertmanagerProgram() === undefined ? 'no alertmanager: put one on PATH, or set ALERTMANAGER' : undefined
}

export interface PeerServer {
  readonly url: string
  readonly pid: number
  log(): string
  stop(): Promise<void>
}

export interface PrometheusOptions {
  /** `host:port` of what is scraped, under /metrics. */
  targets: readonly string[]
  /** Alerting rules, as a rule file has them. */
  rules: readonly object[]
  /** `host:port` of an Alertmanager. */
  alertmanager: string
  /** Before /api/v2. */
  pathPrefix?: string
  /** Between two scrapes, and between two evaluations; the default is 1. */
  everySeconds?: number
}

/** A real Prometheus with a folder of its own. */
export async function startPrometheus(options: PrometheusOptions): Promise<PeerServer> {
  const program = findProgram('PROMETHEUS', 'prometheus')
  if (program === undefined) throw new Error(prometheusObstacle())
  const server = new DatabaseProcess('prometheus', ['prometheus'])
  const every = `${options.everySeconds ?? 1}s`
  const port = await freePort()
  // JSON is YAML.
  const rules = server.write('rules.yml', JSON.stringify({ groups: [{ name: 'tested', interval: every, rules: options.rules }] }))
  const config = server.write(
    'prometheus.yml',
    JSON.stringify({
      global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
      rule_files: [rules],
      alerting: { alertmanagers: [{ path_prefix: options.pathPrefix ?? '/', static_configs: [{ targets: [options.alertmanager] }] }] },
      scrape_configs: [{ job_name: 'tested', static_configs: [{ targets: options.targets }] }],
    }),
  )
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${server.folder}/data`, `--web.listen-address=127.0.0.1:${port}`]
  return await start(server, program, args, `http://127.0.0.1:${port}`)
}

/** A real Alertmanager that tells everything to one webhook at once. */
export async function startAlertmanager(webhookUrl: string): Promise<PeerServer & { readonly address: string }> {
  const program = alertmanagerProgram()
  if (program === undefined) throw new Error(alertmanagerObstacle())
  const server = new DatabaseProcess('alertmanager', ['prometheus'])
  const port = await freePort()
  const route = { receiver: 'hook', group_by: ['...'], group_wait: '0s', group_interval: '1s', repeat_interval: '1h' }
  const receivers = [{ name: 'hook', webhook_configs: [{ url: webhookUrl }] }]
  const config = server.write('alertmanager.yml', JSON.stringify({ route, receivers }))
  const args = [
    `--config.file=${config}`,
    `--storage.path=${server.folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]
  return { ...(await start(server, program, args, `http://127.0.0.1:${port}`)), address: `127.0.0.1:${port}` }
}

function alertmanagerProgram(): string | undefined {
  // Debian calls it otherwise.
  return findProgram('ALERTMANAGER', 'alertmanager') ?? findProgram('ALERTMANAGER', 'prometheus-alertmanager')
}

async function start(server: DatabaseProcess, program: string, args: readonly string[], url: string): Promise<PeerServer> {
  const isReady = async (): Promise<boolean> => {
    const response = await fetch(`${url}/-/ready`).catch(() => undefined)
    await response?.body?.cancel()
    return response?.ok === true
  }
  try {
    await server.start(program, args, isReady)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { url, pid: server.pid, log: () => server.log(), stop: async () => await server.stop() }
}
