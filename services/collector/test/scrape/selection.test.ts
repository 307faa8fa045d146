import { describe, expect, it } from 'vitest'
import type { RelabelRule } from '../../src/scrape/label-rules.ts'
import { Selection } from '../../src/scrape/selection.ts'
import { parseSeriesText, printSeriesText } from '../../src/scrape/series-text.ts'

function apply(text: string, rules: Partial<RelabelRule>[], instance?: string): string | undefined {
  const relabel = rules.map((rule): RelabelRule => ({
    action: 'replace',
    source_labels: [],
    separator: ';',
    regex: '(.*)',
    replacement: '$1',
    ...rule,
  }))
  const series = parseSeriesText(text)
  if (typeof series === 'string') throw new Error(series)
  const selected = new Selection({ deny: [], relabel }, instance).apply(series)
  return selected === undefined ? undefined : printSeriesText(selected)
}

describe('relabelling', () => {
  it.each<[string, string, Partial<RelabelRule>, string | undefined]>([
    ['keeps what matches', 'a{x="1"}', { action: 'keep', source_labels: ['x'], regex: '1|2' }, 'a{x="1"}'],
    ['drops what is not kept', 'a{x="12"}', { action: 'keep', source_labels: ['x'], regex: '1|2' }, undefined],
    ['drops by name', 'go_gc{}', { action: 'drop', source_labels: ['__name__'], regex: 'go_.*' }, undefined],
    [
      'joins several labels',
      'a{x="1",y="2"}',
      { source_labels: ['x', 'y'], regex: '(.);(.)', target_label: 'z', replacement: '$2/$1' },
      'a{x="1",y="2",z="2/1"}',
    ],
    [
      'shortens paths',
      'a{path="/users/17/x"}',
      { source_labels: ['path'], regex: '/users/[0-9]+(/.*)?', target_label: 'path', replacement: '/users/:id$1' },
      'a{path="/users/:id/x"}',
    ],
    [
      'leaves alone what does not match',
      'a{path="/x"}',
      { source_labels: ['path'], regex: '/users', target_label: 'path', replacement: '' },
      'a{path="/x"}',
    ],
    ['takes a label away by an empty value', 'a{x="1"}', { target_label: 'x', replacement: '' }, 'a'],
    [
      'names a metric anew',
      'old_total{x="1"}',
      { source_labels: ['__name__'], regex: 'old_(.*)', target_label: '__name__', replacement: 'new_$1' },
      'new_total{x="1"}',
    ],
    ['drops labels', 'a{pod="p",pod_ip="i",x="1"}', { action: 'labeldrop', regex: 'pod.*' }, 'a{x="1"}'],
    ['keeps labels, and always the name', 'a{pod="p",x="1"}', { action: 'labelkeep', regex: 'x' }, 'a{x="1"}'],
    ['maps labels', 'a{k8s_app="w",x="1"}', { action: 'labelmap', regex: 'k8s_(.+)' }, 'a{k8s_app="w",x="1",app="w"}'],
    ['lowers the case', 'a{m="GET"}', { action: 'lowercase', source_labels: ['m'], target_label: 'm' }, 'a{m="get"}'],
  ])('%s', (_what, text, rule, expected) => {
    expect(apply(text, [rule])).toBe(expected)
  })

  it('uses labels of two underscores on the way, and does not publish them', () => {
    const rules = [
      { source_labels: ['a', 'b'], target_label: '__tmp', separator: '-' },
      { source_labels: ['__tmp'], target_label: 'c' },
    ]
    expect(apply('m{a="1",b="2"}', rules)).toBe('m{a="1",b="2",c="1-2"}')
  })

  it('sees the instance and cannot take it away, for it tells the targets of a job apart', () => {
    expect(
      apply(
        'm',
        [
          { source_labels: ['instance'], regex: '(.*):.*', target_label: 'node' },
          { action: 'labeldrop', regex: 'instance' },
        ],
        'web:80',
      ),
    ).toBe('m{node="web",instance="web:80"}')
  })
})
