import type { CrossCheck } from '@nightshift/shared/config/cross-check'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigFolder } from './config-folder.ts'
import { sampleCrossChecks } from './sample-sections.ts'

const configs = new ConfigFolder()
afterAll(() => configs.remove())

describe('cross checks', () => {
  const text = (check: string, section: string) => `healer: {playbooks: {p: {when: {check: ${check}}, run: [x]}}}\n${section}`
  const web = 'collector: {checks: {web: {kind: tcp, port: 80}}}\n'

  test('find what does not exist, also when other things are wrong', async () => {
    const given = { crossChecks: sampleCrossChecks }
    expect(await configs.complaints(text('wbe', web), given)).toEqual([
      'c.yaml:1:40: healer.playbooks.p.when.check: there is no check "wbe" in collector.checks; did you mean "web"?',
    ])
    const broken =
      'collector: {checks: {web: {kind: tcp, prot: 80}}}\nalerter: {channels: {c: {kind: log, x: 1}}, rules: {r: {metric: cpu.cores, above: 1, channels: [c, d], y: 1}}}\n'
    const found = await configs.complaints(text('wbe', broken), given)
    expect(found).toHaveLength(6)
    expect(found).toContain('c.yaml:1:40: healer.playbooks.p.when.check: there is no check "wbe" in collector.checks; did you mean "web"?')
    expect(found).toContain('c.yaml:3:100: alerter.rules.r.channels[1]: there is no channel "d" in alerter.channels; known are c')
  })

  test('know the names of the defaults', async () => {
    const rule = (channel: string) => `alerter: {rules: {r: {metric: cpu.cores, above: 1, channels: [${channel}]}}}\n`
    expect(await configs.complaints(rule('log'), { crossChecks: sampleCrossChecks })).toEqual([])
    expect(await configs.complaints(rule('lg'), { crossChecks: sampleCrossChecks })).toHaveLength(1)
  })

  test('say nothing about sections that are not here', async () => {
    expect(await configs.complaints(text('web', ''), { crossChecks: sampleCrossChecks, run: ['healer'] })).toEqual([])
    expect(await configs.complaints(text('web', ''), { crossChecks: sampleCrossChecks })).toHaveLength(1)
  })

  test('may warn', async () => {
    const warn: CrossCheck = () => [{ severity: 'warning', path: ['log', 'level'], message: 'is very chatty' }]
    const loaded = await configs.load('log: {level: debug}\n', { crossChecks: [warn] })
    expect(loaded).toMatchObject({
      ok: true,
      warnings: [{ severity: 'warning', line: 1, column: 14, path: 'log.level', message: 'is very chatty' }],
    })
  })
})
