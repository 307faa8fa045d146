import { stat } from 'node:fs/promises'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import type { FoundCgroup } from '../cgroups/cgroup-walk.ts'
import { startDeadline } from '../deadline.ts'
import type { Log } from '../log.ts'
import { insideRoot, type HostPaths } from '../procfs/host-paths.ts'
import type { ContainerFacts } from './container-facts.ts'
import type { DockerRuntime } from './docker-runtime.ts'
import { nameByConfig, namesByLogLinks } from './kubernetes-names.ts'

/** How often runtimes are asked when no container came. */
const refreshEveryMs = 10_000
/** All requests of one round together. */
const roundTimeoutMs = 5000
/** A container that no file names is looked for so often: the kubelet's links come a moment after the container. */
const maxTries = 3
/** How long a look waits for the names of containers that just came: without them they would be called by their ids for one message. */
const patienceMs = 500
/** The first look comes when everything starts at once. */
const firstPatienceMs = 3000

export interface ContainerBookOptions {
  readonly host: HostPaths
  /** Paths of the host. */
  readonly sockets: readonly string[]
  readonly clock: Clock
  readonly log: Log
}

/** Who the containers of this host are, asked for in the background: a runtime that hangs delays nothing but its own answer. */
export class ContainerBook {
  readonly #options: ContainerBookOptions
  readonly #runtimes = new Map<string, DockerRuntime>()
  readonly #stopping = new AbortController()
  /** From files of containerd, CRI-O and the kubelet, by id. */
  #named = new Map<string, ContainerFacts | 'sandbox'>()
  #tries = new Map<string, number>()
  #askedIds = new Set<string>()
  #lastMs = Number.NEGATIVE_INFINITY
  #round: Promise<void> | undefined
  #isFirst = true
  #complaints = new Map<string, string>()
  #facts = new Map<string, ContainerFacts | 'sandbox'>()
  /** Daemons whose socket is there, and those of them that did not answer. */
  runtimes = { known: 0, silent: 0 }

  constructor(options: ContainerBookOptions) {
    this.#options = options
  }

  /** What is known by id. Never rejects. */
  async look(found: readonly FoundCgroup[]): Promise<ReadonlyMap<string, ContainerFacts | 'sandbox'>> {
    const hasNew = found.some(({ id }) => !this.#askedIds.has(id))
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#round === undefined && (hasNew || nowMs - this.#lastMs >= refreshEveryMs)) {
      this.#lastMs = nowMs
      this.#askedIds = new Set(found.map(({ id }) => id))
      this.#round = this.#refresh(found).finally(() => {
        this.#round = undefined
      })
    }
    if (hasNew && this.#round !== undefined) await this.#wait(this.#round, this.#isFirst ? firstPatienceMs : patienceMs)
    this.#isFirst = false
    return this.#facts
  }

  close(): void {
    this.#stopping.abort()
  }

  async #wait(round: Promise<void>, ms: number): Promise<void> {
    const { promise: patienceEnded, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    await Promise.race([round, patienceEnded])
    clearTimeout(timer)
  }

  async #refresh(found: readonly FoundCgroup[]): Promise<void> {
    const deadline = startDeadline(roundTimeoutMs, this.#stopping.signal)
    const inodes = new Map(found.map(({ id, inode }) => [id, inode]))
    await Promise.all(this.#options.sockets.map((socket) => this.#ask(socket, inodes, deadline.signal)))
    deadline.end()
    if (this.#stopping.signal.aborted) return
    const told = new Map([...this.#runtimes.values()].flatMap(({ facts }) => facts.map((each) => [each.id, each])))
    await this.#nameOthers(found.filter(({ id, runtime }) => !told.has(id) && runtime !== 'systemd' && runtime !== 'lxc'))
    this.#facts = new Map([...this.#named, ...told])
    this.runtimes = { known: this.#runtimes.size, silent: this.#complaints.size }
  }

  async #ask(socket: string, inodes: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
    const path = insideRoot(this.#options.host, socket)
    const isThere = await stat(path).then(
      (stats) => stats.isSocket(),
      () => false,
    )
    if (!isThere && !this.#runtimes.has(socket)) return
    try {
      const runtime = this.#runtimes.get(socket) ?? (await this.#open(socket, path))
      await runtime.refresh(inodes, signal)
      if (this.#complaints.delete(socket)) this.#options.log.info({ socket }, `the container runtime at ${socket} answers again`)
    } catch (error) {
      const complaint = describeError(error)
      if (this.#stopping.signal.aborted || this.#complaints.get(socket) === complaint) return
      this.#complaints.set(socket, complaint)
      this.#options.log.warn({ socket, error }, `the container runtime at ${socket} does not answer; what it last said is used`)
    }
  }

  /** Loaded only where there is a socket. */
  async #open(socket: string, path: string): Promise<DockerRuntime> {
    const { DockerRuntime } = await import('./docker-runtime.ts')
    const runtime = new DockerRuntime(path, this.#options.clock)
    this.#runtimes.set(socket, runtime)
    return runtime
  }

  async #nameOthers(others: readonly FoundCgroup[]): Promise<void> {
    const { host } = this.#options
    const tries = new Map(others.map(({ id }) => [id, this.#tries.get(id) ?? 0]))
    const unknown = new Set(others.flatMap(({ id }) => (this.#named.has(id) || (tries.get(id) ?? 0) >= maxTries ? [] : [id])))
    const links = await namesByLogLinks(insideRoot(host, '/var/log/containers'), unknown)
    const named = new Map<string, ContainerFacts | 'sandbox'>()
    for (const { id } of others) {
      const known = this.#named.get(id)
      const facts = known ?? (unknown.has(id) ? await this.#nameByFiles(id, links.get(id)) : undefined)
      if (facts !== undefined) named.set(id, facts)
      if (unknown.has(id)) tries.set(id, (tries.get(id) ?? 0) + 1)
    }
    this.#tries = tries
    this.#named = named
  }

  async #nameByFiles(id: string, byLink: ContainerFacts | undefined): Promise<ContainerFacts | 'sandbox' | undefined> {
    const { root } = this.#options.host
    const byConfig = await nameByConfig(root === '/' ? '' : root, id)
    if (byLink === undefined) return byConfig
    return { ...byLink, image: typeof byConfig === 'object' ? byConfig.image : '' }
  }
}
