import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { formatReport } from '@nightshift/shared/config/diagnostic'
import { sampleSections, sampleCrossChecks } from './sample-sections.ts'
import { env } from './fixture-environment.ts'
const root = '/work/main/test/fixtures/config'
const seeds = ['broken', 'good'].flatMap((f) => readdirSync(`${root}/${f}`).filter((n) => n.endsWith('.yaml')).map((n) => readFileSync(`${root}/${f}/${n}`)))
let s = Number(process.argv[2] ?? 1)
const rnd = (n: number) => { s = (s + 0x6d2b79f5) | 0; let t = Math.imul(s ^ (s >>> 15), 1 | s); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) % n }
const junk = ['\t', '  ', '\n', ': ', '- ', '[', ']', '{', '}', '"', "'", '&a ', '*a', '<<: *a', '!!x ', '${', '${A}', '가', '\u0000', '|', '>', '#', '?', '%', '@', '`', '~', 'null', '1e999', '.nan', '...', '---']
let accepted = 0
let slow = 0
for (let i = 0; i < Number(process.argv[3] ?? 3000); i++) {
  let text = seeds[rnd(seeds.length)]!.toString('latin1')
  for (let k = rnd(4) + 1; k > 0; k--) {
    const at = rnd(text.length + 1)
    const kind = rnd(4)
    if (kind === 0) text = text.slice(0, at) + Buffer.from(junk[rnd(junk.length)]!).toString('latin1') + text.slice(at)
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + rnd(12))
    else if (kind === 2) { const other = seeds[rnd(seeds.length)]!.toString('latin1'); text = text.slice(0, at) + other.slice(rnd(other.length)) }
    else text = text.slice(0, at) + String.fromCharCode(rnd(256)) + text.slice(at + 1)
  }
  writeFileSync('/tmp/fuzz.yaml', Buffer.from(text, 'latin1'))
  const start = performance.now()
  try {
    const r = await loadConfig({ file: '/tmp/fuzz.yaml', env, sections: sampleSections, run: 'all', crossChecks: sampleCrossChecks })
    if (r.ok) accepted++
    else { if (r.diagnostics.length === 0) throw new Error('silent'); const out = formatReport(r.diagnostics, { color: true }); if (/horse/.test(out)) { console.log('LEAK', JSON.stringify(text.slice(0,400)), out); } }
  } catch (error) { console.log('THROW', JSON.stringify(text), error); break }
  if (performance.now() - start > 500) slow++
}
console.log({ accepted, slow })
const nasty: Record<string, string> = {
  colons: 'a: b: c\n'.repeat(130_000), brackets: '['.repeat(1_000_000), braces: '{a: '.repeat(250_000), dashes: '- '.repeat(500_000), keys: Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join('\n'),
  unknown: 'log:\n' + Array.from({ length: 80_000 }, (_, i) => `  k${i}: 1`).join('\n'), checks: 'collector:\n  checks:\n' + Array.from({ length: 20_000 }, (_, i) => `    Bad ${i}: {kind: tpc, port: x}`).join('\n'),
  quotes: 'a: "' + 'x\\n'.repeat(340_000), placeholders: 'host: "' + '${A}'.repeat(200_000) + '"', indent: Array.from({ length: 1300 }, (_, i) => ' '.repeat(i) + 'a:').join('\n'), dup: 'a: 1\n'.repeat(200_000), tabs: '\ta: 1\n'.repeat(150_000),
  anchors: Array.from({ length: 30_000 }, (_, i) => `k${i}: &a${i} 1\nz${i}: *a${i}`).join('\n'), question: '? '.repeat(500_000), longkey: 'x'.repeat(1_000_000) + ': 1', secrets: 'nats:\n' + Array.from({ length: 40_000 }, (_, i) => `  token${i}: abc`).join('\n'), tags: 'a: !x 1\n'.repeat(120000), bomb: 'a: &a [' + 'x,'.repeat(300) + ']\nb: &b [' + '*a,'.repeat(300) + ']\nc: [' + '*b,'.repeat(300) + ']\n',
}
for (const [name, text] of Object.entries(nasty)) {
  writeFileSync('/tmp/fuzz.yaml', text.slice(0, 1_048_576))
  const start = performance.now()
  const r = await loadConfig({ file: '/tmp/fuzz.yaml', env, sections: sampleSections, run: 'all', crossChecks: sampleCrossChecks })
  console.log(name, Math.round(performance.now() - start), 'ms', r.ok ? 'ok' : `${r.diagnostics.length} ${JSON.stringify(r.diagnostics[0]).slice(0, 160)}`)
}
