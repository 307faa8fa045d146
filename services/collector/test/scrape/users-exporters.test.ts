import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PageBook } from './page-book.ts'

const page = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

describe('what the applications of our users say, on the wire', () => {
  it('a safety detector: frames per second, time per frame by camera, clients, GPU', async () => {
    const pages = new PageBook({ quantiles: [0.5, 0.95, 0.99] })
    await pages.read(page('safety-detector.txt'))
    const { items, bad } = await pages.read(page('later/safety-detector.txt'))
    expect(bad.count).toBe(0)
    expect(items).toEqual([
      { metric: 'frames_processed_total', value: 18_095, rate_per_second: 9.5 },
      {
        metric: 'frame_processing_seconds',
        camera_id: 'gate',
        count_total: 18_100,
        sum_total: 1110,
        mean: 0.1,
        rate_per_second: 10,
        p50: 0.0785714,
        p95: 0.5,
        p99: 0.5,
      },
      { metric: 'detection_inference_seconds', count_total: 18_100 - 100, sum_total: 540, mean: null, rate_per_second: 0 },
      { metric: 'detections_per_frame', value: 2.5 },
      { metric: 'detection_errors_total', value: 13, rate_per_second: 0.1 },
      { metric: 'websocket_connections', value: 0 },
      { metric: 'ws_frame_send_seconds', count_total: 16_095, sum_total: 80.475, mean: 0.005, rate_per_second: 9.5, p50: 0.004, p99: null },
      { metric: 'safety_events_total', type: 'fall', severity: 'high', value: 4, rate_per_second: 0 },
      { metric: 'safety_events_total', type: 'no_helmet', severity: 'low', value: 31, rate_per_second: 0 },
      { metric: 'gpu_memory_used_bytes', value: 6_442_450_944 },
      { metric: 'gpu_utilization_percent', value: 74 },
      { metric: 'process_memory_bytes', value: 805_306_368 },
    ])
  })

  it('a template API: percents stay as they are, and its rate of errors can be ours', async () => {
    const ratios = {
      error_ratio: {
        numerator: { metric: 'requests_total', match: { status: ['5*'] } },
        denominator: { metric: 'requests_total', match: {} },
      },
    }
    const pages = new PageBook({ ratios })
    await pages.read(page('template-api.txt'))
    const { items } = await pages.read(page('template-api.txt').replace('9120', '9210').replace(' 96', ' 106'))
    expect(items).toEqual([
      { metric: 'cpu_percent', value: 41.5 },
      { metric: 'memory_percent', value: 62.1 },
      { metric: 'disk_percent', value: 71 },
      { metric: 'network_io', direction: 'in', value: 91_823 },
      { metric: 'network_io', direction: 'out', value: 1182 },
      { metric: 'process_count', value: 143 },
      { metric: 'load_average', minutes: '1', value: 0.72 },
      { metric: 'requests_total', endpoint: '/templates', status: '200', value: 9210, rate_per_second: 9 },
      { metric: 'requests_total', endpoint: '/templates', status: '500', value: 106, rate_per_second: 1 },
      { metric: 'response_time_avg', value: 0.234 },
      { metric: 'error_rate', value: 0.0104 },
      { metric: 'active_connections', value: 17 },
      { metric: 'error_ratio', value: 0.1 },
    ])
  })

  it('every type of OpenMetrics', async () => {
    const { items, bad } = await new PageBook({ isOpenMetrics: true }).read(page('openmetrics.txt'))
    expect(bad).toEqual({ count: 0, first: null })
    expect(items).toEqual([
      { metric: 'http_requests_total', path: '/a\\b', text: 'say "hi"\nthere', brace: '}', value: 17, rate_per_second: null },
      { metric: 'queue_length', value: 12 },
      { metric: 'lag_seconds', count_total: 17, sum_total: 324_789.3, mean: null, rate_per_second: null, p50: null, p95: null },
      { metric: 'backlog_bytes', value: 5, p50: 853.333, p95: 1024 },
      { metric: 'rpc_seconds', count_total: 7, sum_total: 1.5, mean: null, rate_per_second: null, p95: 0.3 },
      { metric: 'build_info', version: '1.2.3', value: 1 },
      { metric: 'feature', feature: 'a', value: 1 },
      { metric: 'feature', feature: 'b', value: 0 },
      { metric: 'odd', value: null },
    ])
  })
})
