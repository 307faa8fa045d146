import { readdirSync, writeFileSync } from 'node:fs'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { alerterConfigSchema as alerter, alerterCrossChecks } from '/work/main/services/alerter/src/config.ts'
import { collectorConfigSchema as collector } from '/work/main/services/collector/src/config.ts'
import { healerConfigSchema as healer, healerCrossChecks } from '/work/main/services/healer/src/config.ts'
import { reporterConfigSchema as reporter } from '/work/main/services/reporter/src/config.ts'
import { env } from './fixture-environment.ts'
process.chdir('/work/main/test/fixtures/config/broken')
for (const name of readdirSync('.')
  .filter((n) => n.endsWith('.yaml'))
  .toSorted()) {
  const r = await loadConfig({
    file: name,
    env,
    sections: { collector, alerter, healer, reporter },
    run: 'all',
    crossChecks: [...alerterCrossChecks, ...healerCrossChecks],
  })
  console.log('#####', name)
  if (r.ok) console.log('ACCEPTED', JSON.stringify(r.sections))
  else
    console.log(
      r.diagnostics
        .filter((d) => d.severity === 'error')
        .map(formatDiagnostic)
        .join('\n'),
    )
}
