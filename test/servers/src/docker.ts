import { setTimeout as sleep } from 'node:timers/promises'
import { getContainerRuntimeClient, type ContainerRuntimeClient } from 'testcontainers'

const answerDeadlineMs = 5000

/** The daemon that Testcontainers finds (DOCKER_HOST, else the usual sockets); undefined when none answers. */
export async function findDocker(): Promise<ContainerRuntimeClient | undefined> {
  const late = sleep(answerDeadlineMs, undefined, { ref: false })
  return Promise.race([getContainerRuntimeClient().catch(() => undefined), late])
}
