import { describeError } from '@nightshift/shared/errors'
import type { Terminal } from '../commands/command.ts'
import type { RunFile } from '../data-folder/run-file.ts'
import { connectUrl } from '../operator/connect-operator.ts'
import type { Demo } from './demo.ts'

/** Tells the demo's story beside the running system, which goes on afterwards. */
export function tellDemo(demo: Demo, run: RunFile, signal: AbortSignal, terminal: Terminal): void {
  const told = async (): Promise<void> => {
    const connection = await connectUrl(run.nats_url)
    try {
      const isWhole = await demo.tell(connection, run.host, terminal.out, signal)
      if (signal.aborted) return
      terminal.out(
        isWhole
          ? 'demo: that is all; it goes on watching. Ctrl-C stops everything.'
          : 'demo: the story is not whole; ./nightshift doctor looks for the reason',
      )
    } finally {
      await connection.close()
    }
  }
  told().catch((error: unknown) => terminal.err(`demo: ${describeError(error)}`))
}
