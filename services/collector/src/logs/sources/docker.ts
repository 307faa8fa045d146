import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { LogConfig } from '../../config/logs.ts'
import type { LineOrigin } from '../record.ts'
import { FileTail, type FileTailOptions } from '../tail/file-tail.ts'
import { compileName } from '../../globs/expand-glob.ts'
import { DecodedSource, type Decoder } from './decoded-source.ts'
import type { LogSource, SourceSink } from './log-source.ts'
import { PartialLines } from './partial-lines.ts'

type DockerConfig = NonNullable<LogConfig['docker']>

/** A container is described by a file beside its log. It is larger than this only when it is none. */
const maxDescriptionBytes = 4 * 1024 * 1024

/** Containers whose logging driver is json-file, the one that Docker uses by itself: <root>/<id>/<id>-json.log. */
export function openDockerSource(config: DockerConfig, options: Omit<FileTailOptions, 'files'>): LogSource {
  const names = new ContainerNames()
  const wanted = config.containers.map((name) => compileName(name))
  const unwanted = config.exclude.map((name) => compileName(name))
  const isWanted = (path: string): boolean => {
    const { container } = names.of(path)
    return wanted.some((fits) => fits(container)) && !unwanted.some((fits) => fits(container))
  }
  // The wrapping takes up to twice as much as the line.
  const maxLineBytes = options.maxLineBytes * 2 + 1024
  const tail = new FileTail({ ...options, maxLineBytes, files: [`${config.root}/*/*-json.log`], isWanted })
  return new DecodedSource(tail, new DockerDecoder(options.maxLineBytes, names))
}

interface Container extends Record<string, string> {
  container: string
  container_id: string
  image: string
}

/** Names of containers, from the description that Docker keeps of each: no socket is needed, which would be the right to do anything. */
export class ContainerNames {
  readonly #known = new Map<string, Container>()

  of(path: string): Container {
    const folder = dirname(path)
    const known = this.#known.get(folder)
    if (known !== undefined) return known
    const id = basename(folder)
    const container = { ...describe(join(folder, 'config.v2.json'), id), container_id: id.slice(0, 12) }
    if (this.#known.size > 4096) this.#known.clear()
    this.#known.set(folder, container)
    return container
  }
}

function describe(path: string, id: string): { container: string; image: string } {
  try {
    const text = readFileSync(path, 'utf8')
    const { Name, Config } = (text.length > maxDescriptionBytes ? {} : JSON.parse(text)) as { Name?: unknown; Config?: { Image?: unknown } }
    const name = typeof Name === 'string' ? Name.replace(/^\//, '') : ''
    return { container: name === '' ? id.slice(0, 12) : name, image: typeof Config?.Image === 'string' ? Config.Image : '' }
  } catch {
    return { container: id.slice(0, 12), image: '' }
  }
}

/** `{"log":"the line\n","stream":"stdout","time":"..."}`; a long line comes in pieces, and only the last one ends with a newline. */
export class DockerDecoder implements Decoder {
  readonly #names: ContainerNames
  readonly #partial: PartialLines

  constructor(maxLineBytes: number, names: ContainerNames) {
    this.#partial = new PartialLines(maxLineBytes)
    this.#names = names
  }

  take(lines: Buffer, receivedMs: number, origin: LineOrigin, offset: number, sink: SourceSink): void {
    const labels = this.#names.of(origin.labels['file'] ?? '')
    for (let from = 0; from < lines.length;) {
      const end = lines.indexOf(10, from)
      const { text, stream } = unwrap(lines.toString('utf8', from, end))
      const isWhole = text.endsWith('\n')
      const piece = Buffer.from(isWhole ? text.slice(0, -1) : text)
      this.#partial.add(origin, stream, labels, piece, isWhole, { offset: offset + from, receivedMs, sink })
      from = end + 1
    }
  }

  close(origin: LineOrigin, sink: SourceSink): void {
    this.#partial.close(origin, sink)
  }
}

/** A line of no such form, such as a torn one, is given on as it is. */
function unwrap(line: string): { text: string; stream: string } {
  try {
    const { log, stream } = JSON.parse(line) as { log?: unknown; stream?: unknown }
    if (typeof log === 'string') return { text: log, stream: stream === 'stderr' ? 'stderr' : 'stdout' }
  } catch {
    return { text: `${line}\n`, stream: 'stdout' }
  }
  return { text: `${line}\n`, stream: 'stdout' }
}
