import { writeFileSync } from 'node:fs'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { sampleSections, sampleCrossChecks } from './sample-sections.ts'
const n = Number(process.argv[3])
writeFileSync('/tmp/prof.yaml', process.argv[2] === 'keys' ? Array.from({ length: n }, (_, i) => `k${i}: 1`).join('\n') : process.argv[2] === 'dup' ? 'a: 1\n'.repeat(n) : '\ta: 1\n'.repeat(n))
const s = performance.now()
await loadConfig({ file: '/tmp/prof.yaml', env: {}, sections: sampleSections, run: 'all', crossChecks: sampleCrossChecks })
console.log(Math.round(performance.now() - s))
