import { readdirSync, writeFileSync } from 'node:fs'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { formatReport, formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { sampleSections, sampleCrossChecks } from './sample-sections.ts'
import { env } from './fixture-environment.ts'
const write = process.argv[2] === 'write'
process.chdir('/work/main/test/fixtures/config/broken')
for (const name of readdirSync('.')
  .filter((n) => n.endsWith('.yaml'))
  .toSorted()) {
  const r = await loadConfig({ file: name, env, sections: sampleSections, run: 'all', crossChecks: sampleCrossChecks })
  console.log('#####', name)
  if (r.ok) console.log('ACCEPTED', JSON.stringify(r.sections))
  else {
    const diagnostics = r.diagnostics.filter((d) => d.severity === 'error')
    console.log(process.argv[2] === 'frames' ? formatReport(diagnostics, { color: false }) : diagnostics.map(formatDiagnostic).join('\n'))
    if (write) writeFileSync(name.replace('.yaml', '.txt'), diagnostics.map(formatDiagnostic).join('\n') + '\n')
  }
}
