import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tempSource } from '../../src/sources/temp.ts'
import type { Source } from '../../src/sources/source.ts'
import { fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'
import { TurnedClock } from '../turned-clock.ts'

function open(sys: string, clock: TurnedClock, exclude: string[] = []): Source {
  return tempSource.open({ proc: '/proc', sys, root: '/' }, { enabled: true, exclude }, sourceContext({ clock }))
}

test('hardware monitors and thermal zones give their temperatures, each sensor with a name of its own', async () => {
  const { items, unreadable } = await open(fixturePath('hand-written/sensors/sys'), new TurnedClock()).read(null)
  expect(items).toEqual([
    { chip: 'coretemp hwmon0', sensor: 'Package id 0', temperature_celsius: 54, high_celsius: 84, critical_celsius: 100 },
    { chip: 'coretemp hwmon0', sensor: 'Core 0', temperature_celsius: 51 },
    { chip: 'coretemp hwmon0', sensor: 'Core 0 2', temperature_celsius: 52.5 },
    { chip: 'broken hwmon2', sensor: 'temp1', temperature_celsius: null },
    { chip: 'nvme 0000:01:00.0', sensor: 'Composite', temperature_celsius: -5.15 },
    { chip: 'thermal', sensor: 'x86_pkg_temp 0', temperature_celsius: 55 },
  ])
  expect(unreadable).toBe(1)
})

test('a chip that the config excludes is left out', async () => {
  const { items } = await open(fixturePath('hand-written/sensors/sys'), new TurnedClock(), ['coretemp*', 'broken*', 'nvme*']).read(null)
  expect(items?.map((item) => item['chip'])).toEqual(['thermal'])
})

test('a machine without sensors is unsupported; one whose last sensor went away says so by an empty list', async () => {
  await expect(open('/does-not-exist', new TurnedClock()).read(null)).rejects.toMatchObject({ code: 'unsupported_group' })
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-temp-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(fixturePath('hand-written/sensors/sys'), folder, { recursive: true })
  const clock = new TurnedClock()
  const source = open(folder, clock)
  writeFileSync(join(folder, 'class/thermal/thermal_zone0/temp'), '61500\n')
  expect((await source.read(null)).items).toContainEqual({ chip: 'thermal', sensor: 'x86_pkg_temp 0', temperature_celsius: 61.5 })
  rmSync(join(folder, 'class'), { recursive: true })
  clock.turn(60_000)
  expect((await source.read(60)).items).toEqual([])
})
