import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { containerObstacle, docker } from '../../checks/containers.ts'
import { openTestSource } from './open-test-source.ts'

const image = process.env['BASE_IMAGE'] ?? 'base:bookworm'
const found = containerObstacle(image, 'BASE_IMAGE')
const root = found === '' ? join(docker('info', '--format', '{{.DockerRootDir}}').trim(), 'containers') : ''
const obstacle = found === '' && !isReadable(root) ? `${root} may not be read` : found

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

describe.skipIf(obstacle !== '')(`containers of a real Docker${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`, () => {
  const name = `nightshift-test-logs-${process.pid}`
  afterAll(() => void docker('rm', '-f', name))

  test('are read by name, with their streams, their long lines in one piece, and through the rotation of Docker', async () => {
    const script = `echo ready; echo trouble >&2; head -c 40000 /dev/zero | tr '\\0' x; echo; sleep 1; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "number $i of many lines that make the file turn over"; done; sleep 60`
    const options = ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=5']
    docker('run', '-d', '--name', name, ...options, image, 'sh', '-c', script)
    const { source, sink, labelled } = await openTestSource({ docker: { root, containers: [`${name}*`] }, start_at: 'beginning' })
    const read = async (): Promise<void> => {
      while (await source.poll(sink));
      expect(sink.lines).toContain('number 3000 of many lines that make the file turn over')
    }
    await vi.waitFor(read, { timeout: 15_000, interval: 50 })
    const numbers = sink.lines.filter((line) => line.startsWith('number')).map((line) => Number(line.split(' ')[1]))
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1))
    const container = { container: name, container_id: expect.stringMatching(/^[0-9a-f]{12}$/), image }
    expect(labelled().at(-1)).toEqual({ line: sink.lines.at(-1), ...container, stream: 'stdout' })
    expect(labelled()).toContainEqual({ line: 'trouble', ...container, stream: 'stderr' })
    expect(sink.lines).toContain('x'.repeat(40_000))
    expect(source.counts.rotations).toBeGreaterThan(2)
  }, 40_000)
})

test('a container is known by the description beside its log, else by its id, and others are left alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-docker-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const write = (id: string, description: string): void => {
    mkdirSync(join(folder, id))
    writeFileSync(join(folder, id, 'config.v2.json'), description)
    writeFileSync(
      join(folder, id, `${id}-json.log`),
      `{"log":"from ${id}\\n","stream":"stdout","time":"2026-01-31T12:00:00.1Z"}\n{"log":"torn\n`,
    )
  }
  write('aaaaaaaaaaaaaaaa', '{"Name":"/web","Config":{"Image":"nginx:1"}}')
  write('bbbbbbbbbbbbbbbb', '{"Name":"/db"}')
  write('cccccccccccccccc', 'damaged')
  const { source, sink, labelled } = await openTestSource({
    docker: { root: folder, containers: ['w*', 'c*', 'd*'], exclude: ['db'] },
    start_at: 'beginning',
  })
  await source.poll(sink)
  expect(labelled()).toEqual([
    { line: 'from aaaaaaaaaaaaaaaa', container: 'web', container_id: 'aaaaaaaaaaaa', image: 'nginx:1', stream: 'stdout' },
    { line: '{"log":"torn', container: 'web', container_id: 'aaaaaaaaaaaa', image: 'nginx:1', stream: 'stdout' },
    { line: 'from cccccccccccccccc', container: 'cccccccccccc', container_id: 'cccccccccccc', image: '', stream: 'stdout' },
    { line: '{"log":"torn', container: 'cccccccccccc', container_id: 'cccccccccccc', image: '', stream: 'stdout' },
  ])
})
