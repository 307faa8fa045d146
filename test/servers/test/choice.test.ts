import { describe, expect, it } from 'vitest'
import { chooseServers } from '../src/choice.ts'

describe('servers of tests', () => {
  const never = async (): Promise<boolean> => expect.fail('nobody has to look for Docker')

  it.each([undefined, ''])('are binaries of this host unless something else is asked for (%j)', async (wish) => {
    expect(await chooseServers(wish, never)).toBe('local')
  })

  it('are containers where that is asked for and a daemon answers', async () => {
    expect(await chooseServers('docker', async () => true)).toBe('docker')
  })

  it('are not quietly something else when no daemon answers', async () => {
    await expect(chooseServers('docker', async () => false)).rejects.toThrow(
      /no Docker daemon answers.*DOCKER_HOST.*unset NIGHTSHIFT_TEST_SERVERS/,
    )
  })

  it.each(['podman', 'Docker', '1'])('cannot be asked for as %j', async (wish) => {
    await expect(chooseServers(wish, never)).rejects.toThrow(`NIGHTSHIFT_TEST_SERVERS is "${wish}": set it to docker`)
  })
})
