import type { Clock } from '@nightshift/shared/clock'
import { EffectError } from '@nightshift/shared/errors'
import type { ContainerFacts } from './container-facts.ts'
import { maxListed, parseContainerList, parseInspection } from './docker-answers.ts'
import { chooseInspections, type Inspected } from './inspection-order.ts'
import { askDocker } from './docker-api.ts'

/** One Docker or Podman daemon: what it said about its containers. */
export class DockerRuntime {
  readonly #socketPath: string
  readonly #name: string
  readonly #clock: Clock
  #inspected = new Map<string, Inspected & { facts: ContainerFacts }>()
  facts: readonly ContainerFacts[] = []

  constructor(socketPath: string, clock: Clock) {
    this.#socketPath = socketPath
    this.#name = socketPath.includes('podman') ? 'podman' : 'docker'
    this.#clock = clock
  }

  /** Asks for the list, then for some containers one by one. `inodes`: control groups by container. Rejects when it does not answer. */
  async refresh(inodes: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask(`/containers/json?all=1&limit=${maxListed}`, signal)
    const listed = parseContainerList(answer, this.#name)
    const signs = new Map(listed.map(({ facts, state }) => [facts.id, `${state} ${inodes.get(facts.id) ?? ''}`]))
    const chosen = new Set(chooseInspections(signs, this.#inspected, this.#clock.monotonicMs()))
    const kept = new Map<string, Inspected & { facts: ContainerFacts }>()
    for (const { facts } of listed) {
      const known = this.#inspected.get(facts.id)
      const inspection = chosen.has(facts.id) ? await this.#inspect(facts, signal) : undefined
      if (inspection !== undefined) {
        kept.set(facts.id, { facts: inspection, sign: signs.get(facts.id) ?? '', atMs: this.#clock.monotonicMs() })
      } else if (known !== undefined) kept.set(facts.id, { ...known, facts: { ...known.facts, ...facts } })
    }
    this.#inspected = kept
    this.facts = listed.map(({ facts }) => kept.get(facts.id)?.facts ?? facts)
  }

  /** Undefined when it was removed since the list was made. */
  async #inspect(facts: ContainerFacts, signal: AbortSignal): Promise<ContainerFacts | undefined> {
    try {
      return parseInspection(await this.#ask(`/containers/${facts.id}/json`, signal), facts)
    } catch (error) {
      if (signal.aborted) throw error
      return undefined
    }
  }

  async #ask(path: string, signal: AbortSignal): Promise<unknown> {
    const { status, body } = await askDocker(this.#socketPath, path, signal)
    if (status !== 200) throw new EffectError('container_runtime_refused', `${this.#socketPath} answered ${status}`)
    return body
  }
}
