import { readdir } from 'node:fs/promises'
import { readPatiently } from '../procfs/read-patiently.ts'

/** A place where a temperature can be read. */
export interface Sensor {
  readonly chip: string
  /** Tells it from the others of its chip. */
  readonly name: string
  readonly input: string
  readonly highCelsius?: number | undefined
  readonly criticalCelsius?: number | undefined
}

const maxChips = 128
const maxSensorsPerChip = 256

/** All sensors under /sys: those of hardware monitors, then thermal zones. */
export async function listSensors(sys: string): Promise<Sensor[]> {
  const monitors = await listFolder(`${sys}/class/hwmon`, /^hwmon\d+$/)
  const zones = await listFolder(`${sys}/class/thermal`, /^thermal_zone\d+$/)
  const sensors: Sensor[] = []
  for (const monitor of monitors) sensors.push(...(await listMonitor(`${sys}/class/hwmon/${monitor}`, monitor)))
  for (const zone of zones) {
    const type = await readLine(`${sys}/class/thermal/${zone}/type`)
    if (type !== undefined)
      sensors.push({ chip: 'thermal', name: `${type} ${zone.slice('thermal_zone'.length)}`, input: `${sys}/class/thermal/${zone}/temp` })
  }
  return sensors
}

/** `temp1_input` and beside it perhaps `temp1_label`, `temp1_max`, `temp1_crit`. Two chips of a kind are told apart by their devices. */
async function listMonitor(folder: string, monitor: string): Promise<Sensor[]> {
  const files = await listFolder(folder, /^temp\d+_input$/)
  if (files.length === 0) return []
  const kind = (await readLine(`${folder}/name`)) ?? monitor
  const chip = `${kind} ${await deviceOf(folder, monitor)}`
  const sensors: Sensor[] = []
  for (const file of files.slice(0, maxSensorsPerChip)) {
    const prefix = file.slice(0, -'_input'.length)
    sensors.push({
      chip,
      name: (await readLine(`${folder}/${prefix}_label`)) ?? prefix,
      input: `${folder}/${file}`,
      highCelsius: await readCelsius(`${folder}/${prefix}_max`),
      criticalCelsius: await readCelsius(`${folder}/${prefix}_crit`),
    })
  }
  return distinct(sensors)
}

/** The name of the device, which a restart does not change, unlike the number of the monitor. */
async function deviceOf(folder: string, monitor: string): Promise<string> {
  const event = await readText(`${folder}/device/uevent`)
  const name = /^(?:PCI_SLOT_NAME|OF_NAME)=(.{1,100})$/m.exec(event ?? '')?.[1]
  return name ?? monitor
}

/** Drivers give one label to several sensors sometimes. */
function distinct(sensors: readonly Sensor[]): Sensor[] {
  const seen = new Map<string, number>()
  return sensors.map((sensor) => {
    const count = (seen.get(sensor.name) ?? 0) + 1
    seen.set(sensor.name, count)
    return count === 1 ? sensor : { ...sensor, name: `${sensor.name} ${count}` }
  })
}

/** The kernel writes thousandths of a degree. undefined when there is no such file, or no number in it. */
export async function readCelsius(path: string): Promise<number | undefined> {
  const line = await readLine(path)
  return line !== undefined && /^-?\d{1,9}$/.test(line) ? Number(line) / 1000 : undefined
}

async function readLine(path: string): Promise<string | undefined> {
  const line = (await readText(path))?.split('\n')[0]?.trim()
  return line === '' ? undefined : line
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readPatiently(path)
  } catch {
    return undefined
  }
}

async function listFolder(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => pattern.test(name))
    return names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).slice(0, maxChips)
  } catch {
    return []
  }
}
