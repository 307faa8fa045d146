import { basename, dirname } from 'node:path'
import type { LogConfig } from '../../config/logs.ts'
import type { LineOrigin } from '../record.ts'
import { compileName } from '../../globs/expand-glob.ts'
import { FileTail, type FileTailOptions } from '../tail/file-tail.ts'
import { DecodedSource, type Decoder } from './decoded-source.ts'
import type { LogSource, SourceSink } from './log-source.ts'
import { PartialLines } from './partial-lines.ts'

type CriConfig = NonNullable<LogConfig['cri']>

/** `2026-01-31T12:00:00.123456789Z stdout F the line`: the format of the container runtime interface. */
const framePattern = /^\d{4}-\d\d-\d\dT\S{8,30} (stdout|stderr) ([FP])(?::\S*)? ?/

/** Containers of Kubernetes: /var/log/pods/<namespace>_<pod>_<uid>/<container>/<n>.log. */
export function openCriSource(config: CriConfig, options: Omit<FileTailOptions, 'files'>): LogSource {
  const wanted = { namespaces: compile(config.namespaces), pods: compile(config.pods), containers: compile(config.containers) }
  const unwanted = compile(config.exclude)
  const isWanted = (path: string): boolean => {
    const { namespace, pod, container } = podOf(path)
    return (
      matches(wanted.namespaces, namespace) &&
      matches(wanted.pods, pod) &&
      matches(wanted.containers, container) &&
      !matches(unwanted, container)
    )
  }
  const tail = new FileTail({ ...options, files: [`${config.root}/*/*/*.log`], isWanted })
  return new DecodedSource(tail, new CriDecoder(options.maxLineBytes))
}

/** What the path of a container's log says. */
function podOf(path: string): { namespace: string; pod: string; container: string } {
  const [namespace = '', pod = ''] = basename(dirname(dirname(path))).split('_')
  return { namespace, pod, container: basename(dirname(path)) }
}

export class CriDecoder implements Decoder {
  readonly #partial: PartialLines

  constructor(maxLineBytes: number) {
    this.#partial = new PartialLines(maxLineBytes)
  }

  take(lines: Buffer, receivedMs: number, origin: LineOrigin, offset: number, sink: SourceSink): void {
    const labels = podOf(origin.labels['file'] ?? '')
    for (let from = 0; from < lines.length;) {
      const end = lines.indexOf(10, from)
      const frame = framePattern.exec(lines.toString('latin1', from, Math.min(end, from + 64)))
      const place = { offset: offset + from, receivedMs, sink }
      // A line of no such form is given on as it is: better than not at all.
      if (frame === null) this.#partial.add(origin, 'stdout', labels, lines.subarray(from, end), true, place)
      else this.#partial.add(origin, frame[1] ?? 'stdout', labels, lines.subarray(from + frame[0].length, end), frame[2] === 'F', place)
      from = end + 1
    }
  }

  close(origin: LineOrigin, sink: SourceSink): void {
    this.#partial.close(origin, sink)
  }
}

function compile(names: readonly string[]): ((name: string) => boolean)[] {
  return names.map((name) => compileName(name))
}

function matches(patterns: readonly ((name: string) => boolean)[], name: string): boolean {
  return patterns.some((fits) => fits(name))
}
