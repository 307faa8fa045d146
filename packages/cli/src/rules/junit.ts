import type { ScenarioResult } from '@nightshift/alerter/simulate/scenario/run-scenario'

/** The results as JUnit XML, which CI systems show. */
export function junitOf(file: string, results: readonly ScenarioResult[]): string {
  const failed = results.filter(({ failures }) => failures.length > 0).length
  const cases = results.map(({ name, failures }) => {
    const open = `    <testcase classname="${escape(file)}" name="${escape(name)}"`
    if (failures.length === 0) return `${open}/>`
    return `${open}>\n      <failure message="${escape(failures[0]?.split('\n')[0] ?? '')}">${escape(failures.join('\n'))}</failure>\n    </testcase>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${results.length}" failures="${failed}">`,
    `  <testsuite name="${escape(file)}" tests="${results.length}" failures="${failed}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** XML 1.0 has no place at all for most control characters. */
function escape(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ')
}
