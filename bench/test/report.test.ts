import { describe, expect, test } from 'vitest'
import { besidePeer, renderJson, renderTable } from '../src/report.ts'

describe('the table', () => {
  test('aligns names left and numbers right, three digits that count, and shows what has no peer as a dash', () => {
    const table = renderTable({
      cpu: { value: 0.123456, unit: '% of a core', peer: 0.5, ratio: 0.246912 },
      messages: { value: 12_345.6, unit: '1/s' },
      ready_p50: { value: 1.5, unit: 's' },
    })
    expect(table.split('\n')).toEqual([
      'figure     value  unit         peer  ratio',
      'cpu        0.123  % of a core   0.5  0.247',
      'messages   12346  1/s             -      -',
      'ready_p50    1.5  s               -      -',
    ])
  })

  test('of no figures is its header', () => {
    expect(renderTable({})).toBe('figure  value  unit  peer  ratio')
  })
})

describe('the JSON line', () => {
  test('is one line that holds every digit', () => {
    const figures = { cpu: besidePeer({ value: 0.1, unit: '% of a core' }, 0.4), rss: { value: 1 / 3, unit: 'MiB' } }
    const line = renderJson('collector', figures)
    expect(line).not.toContain('\n')
    expect(JSON.parse(line)).toEqual({
      bench: 'collector',
      figures: { cpu: { value: 0.1, unit: '% of a core', peer: 0.4, ratio: 0.25 }, rss: { value: 1 / 3, unit: 'MiB' } },
    })
  })

  test('has no ratio beside a peer that needs nothing', () => {
    expect(besidePeer({ value: 1, unit: 'MiB' }, 0)).toEqual({ value: 1, unit: 'MiB', peer: 0 })
  })
})
