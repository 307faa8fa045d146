import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseProcessStat, readProcess, scanProcesses, splitArguments } from '../../src/procfs/processes.ts'

test.each([
  ['4242 (nginx) S 1 4242', { name: 'nginx', isZombie: false }],
  ['7 (tmux: server) R 1', { name: 'tmux: server', isZombie: false }],
  ['8 (evil) Z (x) S) S 1', { name: 'evil) Z (x) S', isZombie: false }],
  ['9 (gone) Z 1', { name: 'gone', isZombie: true }],
  ['garbage', undefined],
  ['', undefined],
])('the stat line %j is %j', (text, parsed) => {
  expect(parseProcessStat(text)).toEqual(parsed)
})

test('any text is a process or none, and never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => typeof parseProcessStat(text)?.name !== 'number'))
})

test('arguments end with NUL', () => {
  expect(splitArguments('node\0--flag\0\0x\0')).toEqual(['node', '--flag', '', 'x'])
  expect(splitArguments('nginx: worker process')).toEqual(['nginx: worker process'])
  expect(splitArguments('')).toEqual([])
})

test.runIf(process.platform === 'linux')('this very process is found, with its arguments', async () => {
  const found = []
  for await (const slice of scanProcesses('/proc', AbortSignal.timeout(5000))) found.push(...slice)
  expect(found.find(({ pid }) => pid === process.pid)?.argv.join(' ')).toContain('node')
  expect(readProcess('/proc', process.pid)?.isZombie).toBe(false)
  expect(readProcess('/proc', 2 ** 30)).toBeUndefined()
})

test.runIf(process.platform === 'linux')('a scan ends when it is called off', async () => {
  await expect(scanProcesses('/proc', AbortSignal.abort()).next()).rejects.toThrow('aborted')
})
