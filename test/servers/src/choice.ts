/** Where the servers of tests run: as children of the test, or in containers of a Docker daemon on this machine. */
export type Choice = 'local' | 'docker'

/** Follows `NIGHTSHIFT_TEST_SERVERS`. Who asks for containers gets them or an error, never quietly something else. */
export async function chooseServers(wish: string | undefined, dockerAnswers: () => Promise<boolean>): Promise<Choice> {
  if (wish === undefined || wish === '') return 'local'
  if (wish !== 'docker') {
    throw new Error(`NIGHTSHIFT_TEST_SERVERS is ${JSON.stringify(wish)}: set it to docker, or unset it to use the binaries of this host`)
  }
  if (await dockerAnswers()) return 'docker'
  throw new Error(
    'NIGHTSHIFT_TEST_SERVERS is docker, but no Docker daemon answers: start it (`docker info` must work) or set DOCKER_HOST, ' +
      'or unset NIGHTSHIFT_TEST_SERVERS to use the binaries of this host',
  )
}
