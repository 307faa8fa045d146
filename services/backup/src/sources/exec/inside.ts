import { randomUUID } from 'node:crypto'
import { EffectError } from '@nightshift/shared/errors'
import { childEnvironment } from '../process/child-environment.ts'
import { Program, type ProgramSpec } from '../process/program.ts'
import type { SourceContext } from '../source.ts'

/** A way into a container: what stands before the program that runs inside. */
export interface Inside {
  readonly prefix: readonly string[]
  /** Name for messages. */
  readonly name: string
  readonly timeoutMs: number
  /** Reaches the program inside as this variable; never among arguments, which everybody can read. */
  readonly secret?: { readonly variable: string; readonly value: string } | undefined
}

/** What runs a line of shell inside. It reads the secret as the first line of its stdin. */
export function insideSpec(inside: Inside, line: string, signal: AbortSignal): ProgramSpec {
  const variable = inside.secret?.variable ?? 'NIGHTSHIFT_NONE'
  const script = `IFS= read -r ${variable} || exit 90; export ${variable}; [ -n "$${variable}" ] || unset ${variable}; ${line}`
  return {
    argv: [...inside.prefix, 'sh', '-c', script],
    env: childEnvironment({}, [
      'DOCKER_HOST',
      'DOCKER_CONFIG',
      'DOCKER_CONTEXT',
      'KUBECONFIG',
      'KUBERNETES_SERVICE_HOST',
      'KUBERNETES_SERVICE_PORT',
    ]),
    timeoutMs: inside.timeoutMs,
    signal,
    secret: inside.secret?.value,
  }
}

/**
 * Runs a line of shell inside and reads what it prints. A connection into a container may end early and yet seem well; so the shell prints a
 * mark after the program ended with 0, and without the mark the dump is none.
 */
export async function* printedInside(inside: Inside, line: string, context: SourceContext, signal: AbortSignal): AsyncGenerator<Buffer> {
  const mark = Buffer.from(`nightshift-end-${randomUUID()}`)
  const spec = insideSpec(inside, `{ ${line}; } && printf %s ${mark.toString()}`, AbortSignal.any([signal, context.signal]))
  const program = new Program(spec)
  let held: Buffer = Buffer.alloc(0)
  try {
    program.stdin.end(`${inside.secret?.value ?? ''}\n`)
    for await (const chunk of program.stdout as AsyncIterable<Buffer>) {
      const all = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const known = all.subarray(0, Math.max(0, all.length - mark.length))
      if (known.length > 0) yield known
      held = Buffer.from(all.subarray(known.length))
    }
    await program.succeeded()
    if (!held.equals(mark))
      throw new EffectError(
        'dump_failed',
        `the connection into ${inside.name} ended before the dump did; run the job again, nearer to the container if it happens often`,
        {
          transient: true,
        },
      )
  } finally {
    await program.stop()
  }
}

/** Lines that a program inside prints. */
export async function linesInside(inside: Inside, line: string, context: SourceContext): Promise<string[]> {
  const chunks: Buffer[] = []
  for await (const chunk of printedInside(inside, line, context, context.signal)) chunks.push(chunk)
  return Buffer.concat(chunks)
    .toString('utf8')
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '')
}

/** A word that the shell inside takes as it is. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
