import type { LineOrigin } from '../record.ts'
import type { LineCounts, LogSource, SourceSink, SourceStanding } from './log-source.ts'

/** Turns the lines of a file into those that the application wrote. */
export interface Decoder {
  take(lines: Buffer, receivedMs: number, origin: LineOrigin, offset: number, sink: SourceSink): void
  close(origin: LineOrigin, sink: SourceSink): void
}

/** Files whose lines are wrapped: by Docker, or by a container runtime of Kubernetes. */
export class DecodedSource implements LogSource {
  readonly #files: LogSource
  readonly #decoder: Decoder

  constructor(files: LogSource, decoder: Decoder) {
    this.#files = files
    this.#decoder = decoder
  }

  get counts(): LineCounts {
    return this.#files.counts
  }

  async poll(sink: SourceSink): Promise<boolean> {
    return await this.#files.poll({
      take: (lines, receivedMs, origin, offset) => this.#decoder.take(lines, receivedMs, origin, offset, sink),
      close: (origin) => this.#decoder.close(origin, sink),
      isFull: () => sink.isFull(),
    })
  }

  standing(): SourceStanding {
    return this.#files.standing()
  }

  save(): unknown {
    return this.#files.save()
  }

  async close(): Promise<void> {
    await this.#files.close()
  }
}
