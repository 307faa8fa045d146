import { Readable } from 'node:stream'
import { EffectError } from '@nightshift/shared/errors'
import { Program, type ProgramSpec } from './process/program.ts'
import { judgeSize, sizeFact, type SizeRule } from './dump-size.ts'
import type { Facts, Material, SourceContext, StreamMaterial } from './source.ts'

/** A dump that is under way or done. */
export interface DumpStream extends StreamMaterial {
  /** Bytes of the whole dump; undefined before its end. */
  readonly sizeBytes: number | undefined
  stop(): Promise<void>
}

interface DumpLooks {
  /** Looks at the last bytes of the dump; throws when they are not those of a whole one. */
  judgeEnd?(lastBytes: Buffer): void
  /** Gives what looks at all of one reading. */
  onChunk?(): (chunk: Buffer) => void
}

/** What a program prints. The stream ends only after the program has ended well; else it is destroyed with its error. */
export function programStream(
  path: string,
  modifiedMs: number,
  prepare: (signal: AbortSignal) => Promise<ProgramSpec>,
  looks: DumpLooks = {},
): DumpStream {
  return new CountedDump(path, modifiedMs, async function* read(signal) {
    const program = new Program(await prepare(signal))
    const onChunk = looks.onChunk?.()
    let last: Buffer = Buffer.alloc(0)
    try {
      program.stdin.end()
      for await (const chunk of program.stdout as AsyncIterable<Buffer>) {
        if (looks.judgeEnd !== undefined)
          last = Buffer.from(chunk.length >= endBytes ? chunk.subarray(-endBytes) : Buffer.concat([last, chunk]).subarray(-endBytes))
        onChunk?.(chunk)
        yield chunk
      }
      await program.succeeded()
      looks.judgeEnd?.(last)
    } finally {
      await program.stop()
    }
  })
}

const endBytes = 256

/** A dump read from anything, counted. */
export class CountedDump implements DumpStream {
  readonly path: string
  readonly modifiedMs: number
  readonly policy = { kind: 'small' } as const
  sizeBytes: number | undefined
  readonly #read: (signal: AbortSignal) => AsyncIterable<Buffer>
  readonly #open = new Set<Readable>()

  constructor(path: string, modifiedMs: number, read: (signal: AbortSignal) => AsyncIterable<Buffer>) {
    this.path = path
    this.modifiedMs = modifiedMs
    this.#read = read
  }

  open(signal: AbortSignal): Promise<Readable> {
    const stream = Readable.from(this.#counted(signal), { objectMode: false, highWaterMark: 1024 * 1024 })
    this.#open.add(stream)
    // Whoever reads is told; an error between two looks of the reader must not end the process.
    stream.on('error', () => undefined)
    stream.once('close', () => this.#open.delete(stream))
    return Promise.resolve(stream)
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#open].map(async (stream) => {
        const { promise, resolve } = Promise.withResolvers<void>()
        stream.once('close', () => resolve())
        stream.destroy()
        await promise
      }),
    )
  }

  async *#counted(signal: AbortSignal): AsyncGenerator<Buffer> {
    this.sizeBytes = undefined
    let sizeBytes = 0
    for await (const chunk of this.#read(signal)) {
      sizeBytes += chunk.length
      yield chunk
    }
    this.sizeBytes = sizeBytes
  }
}

export interface DumpParts {
  readonly paths: readonly string[]
  readonly dumps: readonly DumpStream[]
  readonly rule: SizeRule
  /** Paths of small files to which `rule` does not apply, such as the roles. */
  readonly unruled?: readonly string[]
  /** What is counted besides sizes. */
  facts?(): Promise<Facts>
  close?(): Promise<void>
}

/** Material of dumps: it counts only when every one was read to its end and is large enough. */
export function dumpMaterial(parts: DumpParts, context: SourceContext): Material {
  return {
    paths: parts.paths,
    folders: [],
    streams: parts.dumps,
    async finish() {
      const sizes: Facts = {}
      for (const { path, sizeBytes } of parts.dumps) {
        if (sizeBytes === undefined) throw new EffectError('dump_failed', `the dump ${path} was not read to its end`, { transient: true })
        if (!parts.unruled?.includes(path)) judgeSize(path, sizeBytes, parts.rule, context.previousFacts, context.acceptSmaller)
        sizes[sizeFact(path)] = sizeBytes
      }
      return { ...sizes, ...(await parts.facts?.()) }
    },
    async close() {
      await Promise.all(parts.dumps.map(async (dump) => await dump.stop()))
      await parts.close?.()
    },
  }
}
