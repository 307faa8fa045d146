import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowCounter } from '../../../src/sources/mysql/row-counter.ts'

/** As mysqldump writes texts. */
function quoted(text: string): string {
  const named: Record<string, string> = {
    '\n': String.raw`\n`,
    '\r': String.raw`\r`,
    '\0': String.raw`\0`,
    "'": String.raw`\'`,
    '"': String.raw`\"`,
    '\\': '\\\\',
    '\u001a': String.raw`\Z`,
  }
  return `'${text.replaceAll(/[\n\r\0'"\\\u001a]/g, (char) => named[char] ?? char)}'`
}

const value = fc.oneof(
  fc.integer().map(String),
  fc.constant('NULL'),
  fc.string({ unit: 'binary' }).map(quoted),
  fc.constantFrom("),('", "';", '\\', '(`', '-- Table structure for table `x`').map(quoted),
)
const table = fc.record({
  name: fc.constantFrom('items', 'or``ders', 'Ta ble', '한글'),
  inserts: fc.array(fc.array(fc.array(value, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
})

test('rows are counted whatever their texts hold and wherever the dump is cut into pieces', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(table, { selector: ({ name }) => name }),
      fc.integer({ min: 1, max: 50 }),
      fc.boolean(),
      (tables, pieceBytes, isComplete) => {
        const expected = new Map(tables.map(({ name, inserts }) => [name.replaceAll('``', '`'), inserts.flat().length]))
        const columns = isComplete ? '(`a`, `b`) ' : ''
        const text = tables.flatMap(({ name, inserts }) => [
          '/*!40101 SET NAMES utf8mb4 */;',
          `-- Table structure for table \`${name}\``,
          `CREATE TABLE \`${name}\` (\n  \`a\` int COMMENT 'INSERT (('\n);`,
          ...inserts.map((rows) => `INSERT INTO \`${name}\` ${columns}VALUES ${rows.map((row) => `(${row.join(',')})`).join(',')};`),
        ])
        const dump = Buffer.from([...text, '-- Dump completed on 2026-01-01', ''].join('\n'))
        const counter = new RowCounter()
        for (let at = 0; at < dump.length; at += pieceBytes) counter.push(dump.subarray(at, at + pieceBytes))
        expect(counter.rows).toEqual(expected)
      },
    ),
  )
})

test('a dump is counted faster than it can be made', () => {
  const line = Buffer.from(
    `INSERT INTO \`t\` VALUES ${Array.from({ length: 10_000 }, (_, id) => `(${id},'${'x'.repeat(80)}')`).join(',')};\n`,
  )
  const counter = new RowCounter()
  const startedMs = performance.now()
  for (let round = 0; round < 50; round++) counter.push(line)
  const megabytesPerSecond = (line.length * 50) / 1e3 / (performance.now() - startedMs)
  expect(counter.rows.get('t')).toBe(500_000)
  expect(megabytesPerSecond).toBeGreaterThan(10)
})
