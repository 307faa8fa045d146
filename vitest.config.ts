import { defineConfig } from 'vitest/config'

/** On a machine that does other work a real broker may miss a deadline: CI tries a failed test twice more, and the report says `retry x1`. */
const retry = process.env['CI'] === undefined ? 0 : 2

/** Where it is set for real, tests must not post there. */
const env = { SLACK_WEBHOOK_URL: '' }

export default defineConfig({
  test: {
    // Most tests wait for brokers and processes, so more of them fit than there are cores.
    maxWorkers: 4,
    // unit: one file beside each source, many with a real broker of their own. e2e: stories across processes, one at a time.
    projects: [
      {
        test: {
          name: 'unit',
          retry,
          env,
          include: ['packages/*/test/**/*.test.ts', 'services/*/test/**/*.test.ts', 'test/**/*.test.ts', 'bench/test/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'e2e',
          retry,
          env,
          include: ['test/**/*.e2e.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          pool: 'forks',
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
