import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { containerSource } from '../../src/sources/container.ts'
import { config, temporaryFolder } from '../service-on-broker.ts'
import { sourceContext } from '../source-context.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

test('1000 containers that come and go leave nothing behind', { timeout: 60_000 }, async () => {
  const root = temporaryFolder()
  const sys = join(root, 'sys')
  const docker = join(sys, 'fs/cgroup/docker')
  mkdirSync(docker, { recursive: true })
  writeFileSync(join(sys, 'fs/cgroup/cgroup.controllers'), 'cpu memory\n')
  const source = containerSource.open({ proc: '/proc', sys, root }, config({}).groups.container, sourceContext())
  onTestFinished(() => source.close())
  let made = 0
  /** Fifty at a time, so that most looks see some that are new, some that are known, and miss some that are gone. */
  const churn = async (count: number): Promise<void> => {
    for (const end = made + count; made < end; made++) {
      const folder = join(docker, made.toString(16).padStart(64, '0'))
      mkdirSync(folder)
      writeFileSync(join(folder, 'cpu.stat'), `usage_usec ${made}\n`)
      writeFileSync(join(folder, 'memory.current'), '1000000\n')
      rmSync(join(docker, (made - 50).toString(16).padStart(64, '0')), { recursive: true, force: true })
      if (made % 25 === 0) await source.read(1)
    }
  }
  await churn(300)
  const before = heapBytes()
  await churn(1000)
  const growth = heapBytes() - before
  expect((await source.read(1)).items).toHaveLength(50)
  expect(growth).toBeLessThan(512 * 1024)
})
