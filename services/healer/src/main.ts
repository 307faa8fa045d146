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
import { probeRoute } from '@nightshift/shared/service/probe-routes'
import { healerConfigSchema, healerCrossChecks } from './config.ts'
import { healer } from './service.ts'

const usage = 'node services/healer/src/main.ts --config FILE [--state-dir DIR]'

/** The healer as a process of its own. Ends with 0 when it was told to stop, with 1 when it could not start or gave up. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'state-dir': { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help === true) return say(`${usage}\n`, 0)
  const load = () =>
    loadConfig({
      file: values.config,
      env: process.env,
      sections: { healer: healerConfigSchema },
      run: ['healer'],
      crossChecks: healerCrossChecks,
    })
  const loaded = await load()
  if (!loaded.ok) return say(`${formatReport(loaded.diagnostics, { color: false })}\n`, 1)
  const { base, sections } = loaded
  const host = (base.host ?? hostname()).toLowerCase()
  const stateDir = resolve(values['state-dir'] ?? base.state_dir ?? 'data/healer')
  const errors = new ErrorCounts()
  const log = createLog({ service: healer.name, host, level: base.log.level, errors })
  const handle = await startService(healer, { base, config: sections.healer, stateDir, host, version: packageVersion(), log, errors })
  try {
    const http = await startHttp({ address: base.http.address, port: base.http.port ?? healer.port, routes: [probeRoute(handle)], log })
    const watch = await watchConfig({
      files: loaded.files,
      load,
      apply: async (changed) => handle.reload(changed.sections.healer),
      reject: (rejection) => log.error({ ...rejection }, 'the changed configuration cannot be used; the old one stays'),
      signals: process,
    })
    log.info({ url: http.url, playbooks: Object.keys(sections.healer.playbooks).length }, 'started')
    const failure = await Promise.race([handle.stopped, toldToStop()])
    await watch.stop()
    await http.close()
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
