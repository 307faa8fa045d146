import type { ContainerFacts } from './container-facts.ts'

/** Containers of one runtime that are looked at; Docker lists the newest first. */
export const maxListed = 512

/** One line of the list: what it says without asking for each container. */
export interface Listed {
  readonly facts: ContainerFacts
  /** Changes whenever something worth asking about has happened. */
  readonly state: string
}

/** The answer of `/containers/json?all=1`, of Docker and of Podman's interface for Docker's clients. Entries that are none are left out. */
export function parseContainerList(answer: unknown, runtime: string): Listed[] {
  if (!Array.isArray(answer)) return []
  return answer.slice(0, maxListed).flatMap((entry: unknown) => {
    const { Id: id, Names: names, Image: image, State: state, Status: status } = asRecord(entry)
    if (typeof id !== 'string' || typeof state !== 'string') return []
    const isHealthy = healthOf(/\((healthy|unhealthy|health: starting|starting)\)/.exec(asText(status))?.[1])
    const exitCode = /^Exited \((\d{1,3})\)/.exec(asText(status))?.[1]
    const facts: ContainerFacts = {
      id,
      runtime,
      name: nameOf(names) ?? id.slice(0, 12),
      image: asText(image),
      namespace: '',
      pod: '',
      isRunning: isRunning(state),
      ...(isHealthy === undefined ? {} : { isHealthy }),
      ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
    }
    return [{ facts, state: `${state} ${String(isHealthy)}` }]
  })
}

/** The answer of `/containers/<id>/json` added to what the list said. */
export function parseInspection(answer: unknown, listed: ContainerFacts): ContainerFacts {
  const { State, RestartCount } = asRecord(answer)
  const state = asRecord(State)
  const isHealthy = healthOf(asText(asRecord(state['Health'])['Status']))
  const startedMs = timeOf(state['StartedAt'])
  const finishedMs = timeOf(state['FinishedAt'])
  const { isHealthy: _, ...rest } = listed
  return {
    ...rest,
    ...(isHealthy === undefined ? {} : { isHealthy }),
    ...(typeof state['Status'] === 'string' ? { isRunning: isRunning(state['Status']) } : {}),
    ...(typeof RestartCount === 'number' ? { restarts: RestartCount } : {}),
    ...(startedMs === undefined ? {} : { startedMs }),
    ...(finishedMs === undefined ? {} : { finishedMs }),
    ...(finishedMs !== undefined && typeof state['ExitCode'] === 'number' ? { exitCode: state['ExitCode'] } : {}),
    endedByOom: state['OOMKilled'] === true,
  }
}

/** A container that is paused has its processes; one that waits to be started again has none. */
function isRunning(state: string): boolean {
  return state === 'running' || state === 'paused'
}

function healthOf(text: string | undefined): boolean | null | undefined {
  if (text === 'healthy') return true
  if (text === 'unhealthy') return false
  return text === 'starting' || text === 'health: starting' ? null : undefined
}

/** `/web`; `/web/db` is a link to it under another name. */
function nameOf(names: unknown): string | undefined {
  const texts = Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
  const name = texts.find((text) => text.lastIndexOf('/') <= 0) ?? texts[0]
  return name === undefined || name === '' ? undefined : name.replace(/^\//, '')
}

/** Year 1 means never. */
function timeOf(value: unknown): number | undefined {
  const ms = Date.parse(asText(value))
  return ms > 0 ? ms : undefined
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
