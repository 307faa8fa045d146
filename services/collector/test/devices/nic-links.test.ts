import { expect, test, vi } from 'vitest'
import { linkFields, NicLinks } from '../../src/devices/nic-links.ts'
import { fixturePath } from '../fixture.ts'
import { TurnedClock } from '../turned-clock.ts'

test('a link is up or down and has a speed, as far as its driver tells', () => {
  expect(linkFields('up\n', '1000\n')).toEqual({ up: 1, speed_bytes_per_second: 125_000_000 })
  expect(linkFields('unknown\n', undefined)).toEqual({ up: 1 })
  expect(linkFields('lowerlayerdown\n', '-1\n')).toEqual({ up: 0 })
  expect(linkFields(undefined, undefined)).toEqual({})
})

test('links are looked at in the background, every ten seconds; an interface that has no folder has no fields', async () => {
  const clock = new TurnedClock()
  const links = new NicLinks(fixturePath('hand-written/links/sys'), clock)
  const nics = ['eth0', 'lo', 'wg0', 'gone0', '..']
  const all = (): object[] => nics.map((nic) => links.fields(nic))
  links.look(nics)
  expect(all()).toEqual([{}, {}, {}, {}, {}])
  await vi.waitFor(() => expect(all()).toEqual([{ up: 1, speed_bytes_per_second: 1_250_000_000 }, { up: 1 }, { up: 0 }, {}, {}]))
  clock.turn(9999)
  links.look(['eth0'])
  clock.turn(1)
  links.look(['lo'])
  await vi.waitFor(() => expect(all()).toEqual([{}, { up: 1 }, {}, {}, {}]))
})
