import { readFile, readdir, readlink } from 'node:fs/promises'
import { knownFields, shareOf, times, type Known } from '../sources/known-fields.ts'
import { ratesPerSecond, ratio } from '../sources/rates.ts'
import { label, type Item } from '../sources/source.ts'

/** Numbers of vendors on the PCI bus. */
const vendors: Readonly<Record<string, 'amd' | 'intel'>> = { '0x1002': 'amd', '0x8086': 'intel' }
const maxCards = 64

/** A card of AMD or Intel, whose driver tells by sysfs. */
export interface DrmCard {
  readonly index: string
  readonly vendor: 'amd' | 'intel'
  readonly name: string
  readonly bus: string
  /** `<sys>/class/drm/card0` */
  readonly folder: string
  readonly hwmon: string | undefined
}

/** The cards of this host; outputs such as `card0-HDMI-A-1` are none. */
export async function findDrmCards(sys: string): Promise<DrmCard[]> {
  const names = await readdir(`${sys}/class/drm`).catch(() => [])
  const cards = await Promise.all(
    names
      .filter((name) => /^card\d{1,3}$/.test(name))
      .slice(0, maxCards)
      .map((name) => describeCard(`${sys}/class/drm/${name}`, name.slice('card'.length))),
  )
  return cards.filter((card) => card !== undefined)
}

async function describeCard(folder: string, index: string): Promise<DrmCard | undefined> {
  const device = `${folder}/device`
  const vendor = vendors[(await text(`${device}/vendor`)) ?? '']
  if (vendor === undefined) return undefined
  const target = await readlink(device).catch(() => '')
  const product = (await text(`${device}/product_name`)) ?? ''
  const hwmon = (await readdir(`${device}/hwmon`).catch(() => [])).find((name) => name.startsWith('hwmon'))
  const name = product === '' ? `${vendor === 'amd' ? 'AMD' : 'Intel'} ${(await text(`${device}/device`)) ?? ''}`.trim() : product
  return {
    index,
    vendor,
    name,
    bus: target.slice(target.lastIndexOf('/') + 1),
    folder,
    hwmon: hwmon === undefined ? undefined : `${device}/hwmon/${hwmon}`,
  }
}

/** What must be remembered of an Intel card: how long it slept. */
export interface Slept {
  readonly sleptMs: number
}

/** One look. A card that is switched off is not asked: the question would switch it on. */
export async function readDrmCard(
  card: DrmCard,
  previous: Slept | undefined,
  intervalSeconds: number | null,
): Promise<{ item: Item; slept: Slept | undefined }> {
  const labels = { index: card.index, vendor: card.vendor, name: label(card.name), bus: label(card.bus) }
  if ((await text(`${card.folder}/device/power/runtime_status`)) === 'suspended') {
    return { item: { ...labels, usage_ratio: 0 }, slept: undefined }
  }
  if (card.vendor === 'amd') return { item: { ...labels, ...(await readAmd(card)) }, slept: undefined }
  const sleptMs = await firstNumber(
    `${card.folder}/gt/gt0/rc6_residency_ms`,
    `${card.folder}/power/rc6_residency_ms`,
    `${card.folder}/device/tile0/gt0/gtidle/idle_residency_ms`,
  )
  const slept = typeof sleptMs === 'number' ? { sleptMs } : undefined
  return { item: { ...labels, ...(await readIntel(card, previous, slept, intervalSeconds)) }, slept }
}

async function readAmd({ folder, hwmon }: DrmCard): Promise<Item> {
  const device = `${folder}/device`
  const [totalBytes, usedBytes] = [await number(`${device}/mem_info_vram_total`), await number(`${device}/mem_info_vram_used`)]
  return knownFields({
    usage_ratio: times(await number(`${device}/gpu_busy_percent`), 0.01),
    memory_total_bytes: totalBytes,
    memory_used_bytes: usedBytes,
    memory_used_ratio: shareOf(usedBytes, totalBytes),
    ...(await readHwmon(hwmon)),
  })
}

/** Intel's drivers tell no load; the share of time in which the card did not sleep is its upper bound. */
async function readIntel(
  { folder, hwmon }: DrmCard,
  previous: Slept | undefined,
  slept: Slept | undefined,
  intervalSeconds: number | null,
): Promise<Item> {
  const perSecond = slept === undefined ? undefined : ratesPerSecond(previous, { ...slept }, intervalSeconds)['sleptMs']
  return knownFields({
    usage_ratio: typeof perSecond === 'number' ? ratio(1000 - perSecond, 1000) : perSecond,
    ...(await readHwmon(hwmon)),
    clock_hertz: times(await firstNumber(`${folder}/gt_act_freq_mhz`, `${folder}/device/tile0/gt0/freq0/act_freq`), 1e6),
  })
}

/** Millidegrees, microwatts, and for the fan 0 to 255. */
async function readHwmon(hwmon: string | undefined): Promise<Record<string, Known>> {
  if (hwmon === undefined) return {}
  return {
    temperature_celsius: times(await firstNumber(`${hwmon}/temp1_input`, `${hwmon}/temp2_input`), 1e-3),
    power_watts: times(await firstNumber(`${hwmon}/power1_average`, `${hwmon}/power1_input`), 1e-6),
    power_limit_watts: times(await firstNumber(`${hwmon}/power1_cap`, `${hwmon}/power1_max`), 1e-6),
    fan_ratio: times(await number(`${hwmon}/pwm1`), 1 / 255),
    clock_hertz: await number(`${hwmon}/freq1_input`),
  }
}

async function firstNumber(...paths: readonly string[]): Promise<Known> {
  for (const path of paths) {
    const value = await number(path)
    if (value !== undefined) return value
  }
  return undefined
}

/** undefined when there is no such file, null when it does not tell: some answer with an error while the card is busy. */
async function number(path: string): Promise<Known> {
  const content = await text(path)
  if (typeof content !== 'string') return content
  return /^-?\d{1,18}$/.test(content) ? Number(content) : null
}

async function text(path: string): Promise<string | null | undefined> {
  try {
    return (await readFile(path, 'latin1')).trim()
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR') ? undefined : null
  }
}
