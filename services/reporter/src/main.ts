import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { watchConfig } from '@nightshift/shared/config/watch-config'
import { describeError } from '@nightshift/shared/errors'
import { ErrorCounts } from '@nightshift/shared/service/error-counts'
import { startHttp } from '@nightshift/shared/service/http-server'
import { startService } from '@nightshift/shared/service/lifecycle'
import { createLog } from '@nightshift/shared/service/log'
import { probeRoute, serviceRoute } from '@nightshift/shared/service/probe-routes'
import { reporterConfigSchema } from './config.ts'
import { reporter } from './service.ts'

const usage = 'node services/reporter/src/main.ts --config FILE [--state-dir DIR]'

/** The reporter as a process of its own. Ends with 0 when it was told to stop, with 1 when it could not start or gave up. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'state-dir': { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help === true) return say(`${usage}\n`, 0)
  const load = () =>
    loadConfig({ file: values.config, env: process.env, sections: { reporter: reporterConfigSchema }, run: ['reporter'], crossChecks: [] })
  const loaded = await load()
  if (!loaded.ok) return say(`${formatReport(loaded.diagnostics, { color: false })}\n`, 1)
  const { base, sections } = loaded
  const host = (base.host ?? hostname()).toLowerCase()
  const stateDir = resolve(values['state-dir'] ?? base.state_dir ?? 'data/reporter')
  const errors = new ErrorCounts()
  const log = createLog({ service: reporter.name, host, level: base.log.level, errors })
  const handle = await startService(reporter, { base, config: sections.reporter, stateDir, host, version: packageVersion(), log, errors })
  try {
    const routes = [probeRoute(handle), serviceRoute(handle)]
    const http = await startHttp({ address: base.http.address, port: base.http.port ?? reporter.port, routes, log })
    const watch = await watchConfig({
      files: loaded.files,
      load,
      apply: async (changed) => handle.reload(changed.sections.reporter),
      reject: (rejection) => log.error({ ...rejection }, 'the changed configuration cannot be used; the old one stays'),
      signals: process,
    })
    log.info({ url: http.url }, 'the console is open')
    const failure = await Promise.race([handle.stopped, toldToStop()])
    await watch.stop()
    const stopped = handle.stop()
    await http.close()
    await stopped
    return failure === undefined ? 0 : say(`${describeError(failure)}\n`, 1)
  } finally {
    await handle.stop()
  }
}

function toldToStop(): Promise<undefined> {
  return new Promise((settle) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => settle(undefined))
  })
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function say(text: string, exitCode: number): number {
  process.stderr.write(text)
  return exitCode
}

process.exitCode = await main().catch((error: unknown) => say(`${describeError(error)}\n`, 1))
