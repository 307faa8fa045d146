import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openTestSource } from './open-test-source.ts'

/** Written by hand after the log format of the container runtime interface; no kubelet runs where the tests do. */
function podFolder(...containers: string[]): { root: string; log: (path: string) => string } {
  const root = mkdtempSync(join(tmpdir(), 'nightshift-pods-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const container of containers) mkdirSync(join(root, container), { recursive: true })
  return { root, log: (path) => join(root, path, '0.log') }
}

const at = '2026-01-31T12:00:00.123456789Z'

test('lines of a pod come with its names, those that the runtime cut are whole again, and the streams are not mixed', async () => {
  const { root, log } = podFolder('shop_web-7d4_0a1b/app', 'kube-system_dns_0c/coredns')
  const path = log('shop_web-7d4_0a1b/app')
  writeFileSync(log('kube-system_dns_0c/coredns'), `${at} stdout F not wanted\n`)
  writeFileSync(path, `${at} stdout F one\n${at} stdout P long \n${at} stderr F trouble\n${at} stdout P line \n${at} stdout F end\n`)
  const { source, sink, labelled } = await openTestSource({ cri: { root, namespaces: ['shop*'] }, start_at: 'beginning' })
  await source.poll(sink)
  const pod = { namespace: 'shop', pod: 'web-7d4', container: 'app' }
  expect(labelled()).toEqual([
    { line: 'one', ...pod, stream: 'stdout' },
    { line: 'trouble', ...pod, stream: 'stderr' },
    { line: 'long line end', ...pod, stream: 'stdout' },
  ])
  appendFileSync(path, `${at} stdout F \nnot of this form\n${at} stdout F:tag tagged\n`)
  await source.poll(sink)
  expect(sink.lines.slice(3)).toEqual(['', 'not of this form', 'tagged'])
  renameSync(path, `${path}.20260131-120000`)
  writeFileSync(path, `${at} stderr F after the rotation of kubelet\n`)
  await source.poll(sink)
  expect(sink.lines.at(-1)).toBe('after the rotation of kubelet')
})

test('a line that never ends takes no more memory than a line may', async () => {
  const { root, log } = podFolder('shop_web_1/app')
  writeFileSync(log('shop_web_1/app'), `${at} stdout P ${'x'.repeat(1000)}\n`.repeat(100) + `${at} stdout F end\n${at} stdout F next\n`)
  const { source, sink } = await openTestSource({ cri: { root }, start_at: 'beginning', max_line_bytes: '2KiB' })
  await source.poll(sink)
  expect(sink.lines).toEqual(['x'.repeat(2048), 'next'])
})
