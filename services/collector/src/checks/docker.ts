import type { CheckConfig } from '../config.ts'
import { insideRoot } from '../procfs/host-paths.ts'
import { failed, passed, unsupported, type CheckKind, type Outcome } from './check.ts'
import { askDocker, type DockerAnswer } from '../containers/docker-api.ts'
import { durationText } from '../duration-text.ts'

type DockerCheckConfig = Extract<CheckConfig, { kind: 'docker' }>

/** Containers that are looked at by one check. */
const maxContainers = 50

interface Container {
  readonly name: string
  readonly status: string
  /** Null without a HEALTHCHECK. */
  readonly health: string | null
  readonly restarts: number
  readonly exitCode: number
  readonly isOutOfMemory: boolean
}

/** A container runs, and is healthy as far as it can tell. */
export const dockerCheck: CheckKind<'docker'> = {
  kind: 'docker',
  async run(config, { host, signal, timeoutMs }) {
    const socket = insideRoot(host, config.socket)
    const ask = async (path: string): Promise<DockerAnswer> => await askDocker(socket, path, signal)
    try {
      return config.name === undefined ? await judgeLabel(config, ask) : await judgeName(config, config.name, ask)
    } catch (error) {
      if (signal.aborted) return failed(`Docker did not answer on ${config.socket} within ${durationText(timeoutMs)}`)
      return explain(error, config.socket)
    }
  },
}

async function judgeName(config: DockerCheckConfig, name: string, ask: (path: string) => Promise<DockerAnswer>): Promise<Outcome> {
  const { status, body } = await ask(`/containers/${encodeURIComponent(name)}/json`)
  if (status === 404) return failed(`there is no container ${name}: it was removed, or has another name`)
  if (status !== 200) return failed(`Docker answers ${status}: ${messageOf(body)}`)
  const container = readContainer(body, name)
  const problem = judge(config, container)
  const detail = { ...describe(container), restarts: container.restarts }
  return problem === undefined ? passed(detail) : failed(problem, detail)
}

async function judgeLabel(config: DockerCheckConfig, ask: (path: string) => Promise<DockerAnswer>): Promise<Outcome> {
  const filters = encodeURIComponent(JSON.stringify({ label: [config.label] }))
  const { status, body } = await ask(`/containers/json?all=1&filters=${filters}`)
  if (status !== 200 || !Array.isArray(body)) return failed(`Docker answers ${status}: ${messageOf(body)}`)
  const containers: Container[] = []
  for (const entry of body.slice(0, maxContainers)) {
    const id = textOf(property(entry, 'Id')) ?? ''
    const answer = await ask(`/containers/${encodeURIComponent(id)}/json`)
    // One that ended between the two questions is not there.
    if (answer.status === 200) containers.push(readContainer(answer.body, id))
  }
  const running = containers.filter((each) => each.status === 'running')
  const detail = { count: body.length, running: running.length, restarts: containers.reduce((sum, each) => sum + each.restarts, 0) }
  const problem = running.map((each) => judge(config, each)).find((each) => each !== undefined)
  if (problem !== undefined) return failed(problem, detail)
  if (running.length >= config.min_count) return passed(detail)
  const dead = containers.find((each) => each.status !== 'running')
  const example = dead === undefined ? '' : `; ${judge(config, dead)}`
  return failed(`${running.length} containers with the label ${config.label} run, fewer than ${config.min_count}${example}`, detail)
}

function judge(config: DockerCheckConfig, container: Container): string | undefined {
  const { name, status, health, restarts, exitCode, isOutOfMemory } = container
  if (status !== 'running') {
    const why = isOutOfMemory ? 'killed because its memory was full' : `exit code ${exitCode}`
    return `container ${name} is ${status}${status === 'exited' || status === 'dead' ? ` (${why})` : ''}; \`docker logs ${name}\` says more`
  }
  if (health === 'unhealthy') return `container ${name} is unhealthy; \`docker inspect ${name}\` shows what its health check said`
  if (config.require_health && health !== 'healthy') {
    return health === null
      ? `container ${name} has no HEALTHCHECK, but require_health wants one`
      : `container ${name} is not healthy yet (${health})`
  }
  if (config.max_restarts !== undefined && restarts > config.max_restarts) {
    return `container ${name} was restarted ${restarts} times by Docker, more than ${config.max_restarts}; \`docker logs ${name}\` says why`
  }
  return undefined
}

function readContainer(body: unknown, fallback: string): Container {
  const state = property(body, 'State')
  const health = textOf(property(property(state, 'Health'), 'Status'))
  const name = textOf(property(body, 'Name'))
  return {
    name: name === undefined ? fallback : name.replace(/^\//, '').slice(0, 255),
    status: textOf(property(state, 'Status')) ?? 'unknown',
    // Docker says `none` when the health check was switched off.
    health: health === undefined || health === 'none' || health === '' ? null : health,
    restarts: Number(property(body, 'RestartCount') ?? 0),
    exitCode: Number(property(state, 'ExitCode') ?? 0),
    isOutOfMemory: property(state, 'OOMKilled') === true,
  }
}

function describe({ status, health, exitCode }: Container): Outcome['detail'] {
  return { status, health, ...(status === 'running' ? {} : { exit_code: exitCode }) }
}

function explain(error: unknown, socket: string): Outcome {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return unsupported(`there is no socket ${socket}: Docker is not installed, or in a container its socket is not mounted`)
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return unsupported(`${socket} may not be used: add the collector's user to the group docker (which is as much as root)`)
  }
  if (code === 'ECONNREFUSED') return failed(`Docker does not run: ${socket} is there, but nobody listens`)
  return failed(`Docker cannot be asked on ${socket}: ${error instanceof Error ? error.message.slice(0, 200) : 'for no known reason'}`)
}

function messageOf(body: unknown): string {
  return textOf(property(body, 'message'))?.slice(0, 200) ?? 'without a reason'
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}
