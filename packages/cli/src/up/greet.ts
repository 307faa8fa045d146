import { relative } from 'node:path'
import { isAtLeast } from '@nightshift/shared/bus/bootstrap'
import type { Terminal } from '../commands/command.ts'
import type { RunFile } from '../data-folder/run-file.ts'
import { splitUrl } from '../operator/connect-operator.ts'

export interface Greeting {
  run: RunFile
  dataFolder: string
  brokerVersion: string
  configFile: string | undefined
  isDemo: boolean
}

/** From here on a full disk is an error of the server, not its end. */
const recommendedServer = '2.10.0'

/** One line that says it is ready and where, then three things to try. */
export function greet({ run, dataFolder, brokerVersion, configFile, isDemo }: Greeting, terminal: Terminal): void {
  const data = relative(terminal.cwd, dataFolder) || '.'
  if (!isAtLeast(brokerVersion, recommendedServer)) {
    terminal.err(`note: nats-server ${brokerVersion} hangs when its disk is full; put a current one on PATH or in NATS_SERVER`)
  }
  terminal.out(
    `nightshift ready on ${run.host}: console ${run.console_url}, NATS ${splitUrl(run.nats_url).server} (nats-server ${brokerVersion}), data ${data}`,
  )
  if (configFile === undefined) terminal.out('  no nightshift.yaml here: watching this host with the default rules')
  terminal.out(`  look     ${run.console_url}`)
  terminal.out(`  listen   . ${data}/env; nats sub 'ops.>'      or  ./nightshift tap --kind metric,health,alert,heal`)
  terminal.out(
    isDemo
      ? '  read     docs/playbooks.md says step by step what the demo does'
      : '  break    npm start -- --demo                  (after Ctrl-C here)',
  )
}
