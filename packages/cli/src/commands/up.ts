import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { watchConfig } from '@nightshift/shared/config/watch-config'
import { ConfigError } from '@nightshift/shared/errors'
import { endOnCrash } from '@nightshift/shared/service/crash'
import { findBrokerBinary } from '../broker/find-binary.ts'
import { findConfigFile, openConfig, reloadOptions } from '../config/open-config.ts'
import { lockFolder } from '@nightshift/shared/service/folder-lock'
import { prepareDemo, type Demo } from '../demo/demo.ts'
import { tellDemo } from '../demo/tell-demo.ts'
import { startAllInOne, type AllInOne } from '../up/all-in-one.ts'
import { greet } from '../up/greet.ts'
import { openBrowser } from '../up/open-browser.ts'
import { untilToldToStop } from '../up/stop-signals.ts'
import { Unwinding } from '../up/unwinding.ts'
import { readFlags, readPort, type Command, type Terminal } from './command.ts'

const usage = `nightshift up [--config FILE] [--data DIR] [--nats-port N] [--console-port N] [--no-open] [--json] [--demo]
  --data DIR         where the broker and all state live (default ./data)
  --config FILE      the configuration (default ./nightshift.yaml where there is one)
  --nats-port N      default 4222, the next free one when it is taken, 0 for any
  --console-port N   default 8484, likewise
  --json             logs as JSON lines instead of lines for people
  --demo             also runs a small web app, breaks it, and shows what happens`

const options = {
  config: { type: 'string' },
  data: { type: 'string' },
  'nats-port': { type: 'string' },
  'console-port': { type: 'string' },
  'no-open': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  demo: { type: 'boolean', default: false },
} as const

/** Watches this host: broker, services and console in one process, until it is told to stop. */
export const up: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options })
    const ports = { nats: readPort('--nats-port', values['nats-port']), console: readPort('--console-port', values['console-port']) }
    if (values.demo && values.config !== undefined)
      throw new ConfigError('usage', '--demo brings its own configuration; leave --config away')
    const file = values.demo ? undefined : findConfigFile(values.config, terminal.cwd)
    const { base } = await openConfig(file, terminal)
    const dataFolder = resolve(terminal.cwd, values.data ?? base.up.data)
    const unwinding = new Unwinding()
    const told = untilToldToStop()
    try {
      const lock = lockFolder(dataFolder, '--data DIR')
      unwinding.add(() => lock.release())
      const demo = values.demo ? await prepareDemo(dataFolder, terminal.out) : undefined
      if (demo !== undefined) unwinding.add(() => demo.stop())
      const config = await openConfig(demo?.configFile ?? file, terminal)
      const host = (config.base.host ?? hostname()).toLowerCase()
      const broker = findBrokerBinary(terminal.env, config.base.up.nats_server)
      const running = await startAllInOne({
        config,
        dataFolder,
        host,
        brokerBinary: broker.path,
        natsPort: ports.nats ?? config.base.up.nats_port,
        consolePort: ports.console ?? config.base.up.console_port,
        log: { form: values.json ? 'json' : 'people', color: terminal.isTty },
      })
      unwinding.add(() => running.stop())
      unwinding.add(endOnCrash(running.log, () => running.stop()))
      greet(
        { run: running.run, dataFolder, brokerVersion: broker.version, configFile: demo?.configFile ?? file, isDemo: values.demo },
        terminal,
      )
      if (config.base.up.open && !values['no-open'] && terminal.isTty) openBrowser(running.run.console_url, terminal.env)
      const watch = await watchConfig(reloadOptions(demo?.configFile ?? file, config, terminal, (changed) => running.reload(changed)))
      unwinding.add(() => watch.stop())
      return await live(running, demo, told, terminal)
    } finally {
      await unwinding.run()
      told.forget()
    }
  },
}

/** Until somebody says stop, or a service gives up. */
async function live(
  running: AllInOne,
  demo: Demo | undefined,
  told: ReturnType<typeof untilToldToStop>,
  terminal: Terminal,
): Promise<number> {
  if (demo !== undefined) tellDemo(demo, running.run, told.signal, terminal)
  const failure = await Promise.race([running.failed, told.stopped])
  if (failure === undefined) {
    terminal.out('stopping')
    return 0
  }
  throw failure
}
