import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../../scripts/bundle.mjs'
import { BenchProcess } from './bench-process.ts'
import { writeConfig } from './measured-services.ts'

const readyDeadlineMs = 30_000

export interface BundledOptions {
  /** Folder of the run: the bundle is made in it once. */
  folder: string
  host: string
  natsUrl: string
  /** The section `collector`. */
  collector: Record<string, unknown>
  signal: AbortSignal
}

/** The collector as an image holds it: bundled, started by its `run` with the flags that cost least. */
export class BundledCollectors {
  readonly #folder: string
  readonly #processes: BenchProcess[] = []

  static async build(folder: string): Promise<BundledCollectors> {
    return new BundledCollectors(await bundle('collector', join(folder, 'bundle')))
  }

  private constructor(folder: string) {
    this.#folder = folder
  }

  async start({ folder, host, natsUrl, collector, signal }: BundledOptions): Promise<BenchProcess> {
    const own = join(folder, host)
    mkdirSync(own, { recursive: true })
    const file = writeConfig('collector', { folder: own, host, natsUrl, sections: { collector } })
    const started = new BenchProcess(`collector ${host}`, join(this.#folder, 'run'), ['--config', file], own)
    this.#processes.push(started)
    await started.until(/connected to the bus/, readyDeadlineMs, signal)
    return started
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.end()))
  }
}
