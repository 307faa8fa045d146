import { accessSync, constants } from 'node:fs'
import { Agent, get } from 'node:http'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@nightshift/test-servers/nats'
import { BenchProcess } from './bench-process.ts'

/** Debian calls it otherwise. */
const names = ['node_exporter', 'prometheus-node-exporter']
const readyDeadlineMs = 10_000
const scrapeTimeoutMs = 1000

/** Path of a node_exporter: NODE_EXPORTER, else PATH; undefined when there is none. */
export function findNodeExporter(env: NodeJS.ProcessEnv): string | undefined {
  const named = env['NODE_EXPORTER']
  const folders = (env['PATH'] ?? '').split(delimiter)
  const candidates = named ? [named] : folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return candidates.find(isProgram)
}

/** A node_exporter with its default collectors, scraped once a second as a Prometheus would. */
export class ScrapedNodeExporter {
  readonly process: BenchProcess
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #stopping = new AbortController()
  readonly #scraping: Promise<void>
  #scrapes = 0
  #bytes = 0

  static async start(binary: string, folder: string, everyMs: number, signal: AbortSignal): Promise<ScrapedNodeExporter> {
    const port = await freePort()
    const child = new BenchProcess('node_exporter', binary, [`--web.listen-address=127.0.0.1:${port}`], folder)
    try {
      await child.until(/Listening on/i, readyDeadlineMs, signal)
    } catch (error) {
      await child.end()
      throw error
    }
    return new ScrapedNodeExporter(child, `http://127.0.0.1:${port}/metrics`, everyMs)
  }

  private constructor(child: BenchProcess, url: string, everyMs: number) {
    this.process = child
    this.#url = url
    this.#scraping = this.#scrapeEvery(everyMs)
  }

  /** Scrapes that were answered in full, and what they brought. */
  get answered(): { scrapes: number; bytes: number } {
    return { scrapes: this.#scrapes, bytes: this.#bytes }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#scraping
    this.#agent.destroy()
    await this.process.end()
  }

  async #scrapeEvery(everyMs: number): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const startedMs = performance.now()
      this.#bytes += await this.#scrape().then(
        (sizeBytes) => {
          this.#scrapes++
          return sizeBytes
        },
        () => 0,
      )
      await delay(Math.max(0, everyMs - (performance.now() - startedMs)), undefined, { signal }).catch(() => undefined)
    }
  }

  #scrape(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const request = get(this.#url, { agent: this.#agent, timeout: scrapeTimeoutMs }, (response) => {
      let sizeBytes = 0
      response.on('data', (chunk: Buffer) => (sizeBytes += chunk.length))
      response.on('end', () => resolve(sizeBytes))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('no answer in time')))
    request.on('error', reject)
    return promise
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
