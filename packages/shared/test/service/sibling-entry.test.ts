import { expect, test } from 'vitest'
import { siblingEntry } from '../../src/service/sibling-entry.ts'

test('a program beside a module has the extension of the module, in the sources and in a bundle', () => {
  expect(siblingEntry('file:///srv/collector/src/main.ts', 'config-child')).toBe('/srv/collector/src/config-child.ts')
  expect(siblingEntry('file:///opt/night%20shift/dist/main.js', 'config-child')).toBe('/opt/night shift/dist/config-child.js')
})
