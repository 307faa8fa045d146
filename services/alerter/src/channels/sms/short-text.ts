import type { Notification } from '../../notify/notification.ts'
import { shortId, type Texts } from '../../texts/texts.ts'

/** GSM 03.38: what fits into 7 bits ... */
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** ... and what takes two of them. */
const extended = new Set('^{}\\[~]|€')
const plainer = new Map([
  ['…', '...'],
  ['–', '-'],
  ['—', '-'],
  ['‘', "'"],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
  ['·', '-'],
  ['°', ''],
  ['`', "'"],
  ['\t', ' '],
])

/** Room of a message: in one part, and in each of several, which also say that they belong together. */
const rooms = { gsm: { single: 160, each: 153 }, wide: { single: 70, each: 67 } } as const

/** How much a text takes: units of 7 bits, or of 16 when there is anything in it that has no place in the small alphabet. */
export function sizeOf(text: string): { readonly units: number; readonly isGsm: boolean } {
  let units = 0
  for (const letter of text) {
    if (basic.has(letter)) units++
    else if (extended.has(letter)) units += 2
    else return { units: text.length, isGsm: false }
  }
  return { units, isGsm: true }
}

/** Parts that a text is sent in, each of which is paid for. */
export function partsOf(text: string): number {
  const { units, isGsm } = sizeOf(text)
  const { single, each } = isGsm ? rooms.gsm : rooms.wide
  return units <= single ? 1 : Math.ceil(units / each)
}

/** A message for a phone: how bad, where, which rule, what, and the id that acknowledges it. What does not fit is cut from the middle part. */
export function shortText({ event, message }: Notification, texts: Texts, maxParts: number): string {
  const { occasion, firing, resolved, worst } = message
  const state = firing === 0 ? texts.occasionWord('resolved') : texts.severityWord(worst)
  const others = firing + resolved - 1
  if (occasion === 'summary') {
    const counts = texts.counts(firing, resolved)
    return fit(`${state.toUpperCase()} ${counts}: `, texts.fact(event), ` #${shortId(event.fingerprint)}`, maxParts)
  }
  const again = occasion === 'repeated' || occasion === 'escalated' || occasion === 'acked' ? ` (${texts.occasionWord(occasion)})` : ''
  const head = `${state.toUpperCase()}${firing === 0 ? '' : again} ${texts.ruleOn(event)}: `
  const tail = `${others > 0 ? ` ${texts.more(others)}` : ''} #${shortId(event.fingerprint)}`
  return fit(head, texts.fact(event), tail, maxParts)
}

function fit(head: string, middle: string, tail: string, maxParts: number): string {
  const [cleanHead, cleanMiddle, cleanTail] = [plain(head), plain(middle), plain(tail)]
  const whole = `${cleanHead}${cleanMiddle}${cleanTail}`
  if (partsOf(whole) <= maxParts) return whole
  const letters = Array.from(cleanMiddle)
  let [most, least] = [letters.length, 0]
  while (least < most) {
    const length = Math.ceil((least + most) / 2)
    if (partsOf(`${cleanHead}${letters.slice(0, length).join('')}..${cleanTail}`) <= maxParts) least = length
    else most = length - 1
  }
  const text = `${cleanHead}${letters.slice(0, least).join('')}..${cleanTail}`
  return partsOf(text) <= maxParts ? text : hardCut(text, maxParts)
}

/** Names of hosts and rules alone may be longer than a message. */
function hardCut(text: string, maxParts: number): string {
  const letters = Array.from(text)
  while (partsOf(letters.join('')) > maxParts) letters.pop()
  return letters.join('')
}

/** Without what no phone shows or every phone shows otherwise. Korean stays; the rest of what the small alphabet lacks is written plainer. */
function plain(text: string): string {
  const letters = Array.from(text.normalize('NFC'), (letter) => {
    if (basic.has(letter) || extended.has(letter)) return letter
    const known = plainer.get(letter)
    if (known !== undefined) return known
    if (/[\p{Extended_Pictographic}\p{Mark}\p{Control}\p{Format}\p{Surrogate}]/u.test(letter)) return ''
    return letter
  })
  return letters.join('').replaceAll(/\s+/g, ' ')
}
