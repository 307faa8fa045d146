import type { ServiceDefinition } from '@nightshift/shared/service/service'
import type { HealerConfig } from './config.ts'
import { consumeHealth } from './consume-health.ts'
import { controlReader } from './control/read-control.ts'
import { listEndpoint } from './list-runs.ts'
import { healerMetrics } from './metrics.ts'
import type { Surroundings } from './playbook/decide.ts'
import { HealDriver } from './playbook/driver.ts'
import { playbooksByCheck } from './playbook/playbook.ts'
import { RunStore } from './state/run-store.ts'
import { collectorAsker } from './verify/collector-check.ts'

/** `ops.health.<host>.*` in; `ops.heal.<host>.<playbook>.<phase>` and `ops.audit.healer` out; one local command in between. */
export const healer: ServiceDefinition<HealerConfig> = {
  name: 'healer',
  port: 8474,
  description: 'Runs a local command when a check of its own host fails, within rails',
  async start(context) {
    const { bus, clock, host, log, source, stateDir } = context
    const surroundings = (config: HealerConfig): Surroundings => ({
      speaker: { host, source, namespace: bus.namespace },
      rate: { actions: config.rate.actions, perMs: config.rate.per },
      maxAgeMs: config.max_age,
    })
    let playbooks = playbooksByCheck(context.config)
    const driver = new HealDriver(
      {
        bus,
        clock,
        log,
        stateDir,
        store: new RunStore(stateDir),
        readControl: controlReader(bus, host, clock),
        ask: collectorAsker(bus, host),
      },
      playbooks,
      surroundings(context.config),
    )
    await driver.start()
    bus.serve([listEndpoint(() => driver.state)])
    const reader = consumeHealth(bus, host, (event, at) => driver.accept(event, at))
    return {
      notReady: () => (driver.trouble === undefined ? [] : [driver.trouble]),
      self: () => healerMetrics(driver, reader, playbooks.size),
      async reload(config) {
        playbooks = playbooksByCheck(config)
        driver.reload(playbooks, surroundings(config))
      },
      async stop() {
        await reader.stop()
        await driver.stop()
      },
    }
  },
}
