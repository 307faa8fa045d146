export interface DemoPlan {
  /** Port of the demo web app. */
  appPort: number
  appCommand: string[]
  webhookUrl: string
}

/** The demo's configuration: one check on the app, one playbook that starts it again, one webhook that hears of it. */
export function demoConfig(plan: DemoPlan): Record<string, Record<string, unknown>> {
  return {
    // The demo tells its story itself; the log only warns.
    log: { level: 'warning' },
    collector: {
      checks: {
        'demo-web': { kind: 'http', url: `http://127.0.0.1:${plan.appPort}/health`, every: '1s', timeout: '1s', failures: 3, successes: 1 },
      },
    },
    alerter: {
      rules: { 'demo-web-down': { check: 'demo-web', severity: 'critical' } },
      channels: { 'demo-webhook': { kind: 'webhook', url: plan.webhookUrl } },
    },
    healer: {
      playbooks: {
        'restart-demo-web': {
          when: { check: 'demo-web' },
          run: plan.appCommand,
          mode: 'auto',
          detach: true,
          attempts: 3,
          verify: { passes: 3, within: '15s', every: '500ms' },
        },
      },
    },
  }
}
