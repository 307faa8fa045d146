/**
 * A client address as it is counted: the first of a list that proxies append to, without port, and without its last part when the config asks
 * for it. Undefined for what is no address or host name.
 */
export function clientAddress(text: string, isTruncated: boolean): string | undefined {
  const first = text.slice(0, 256).split(',', 1)[0]?.trim() ?? ''
  const bare = /^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$/.exec(first)?.[1] ?? /^([^:]+):\d{1,5}$/.exec(first)?.[1] ?? first
  const address = bare.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!/^[0-9A-Za-z.:_-]{1,64}$/.test(address) || address === '-') return undefined
  return isTruncated ? truncate(address) : address
}

/** To /24 and /48; a name keeps its domain. */
function truncate(address: string): string {
  const v4 = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/.exec(address)
  if (v4 !== null) return `${v4[1]}.0/24`
  if (!address.includes(':')) return address.slice(address.indexOf('.') + 1)
  const [front = '', back] = address.toLowerCase().split('::', 2)
  const head = front.split(':').filter((part) => part !== '')
  const tail = back === undefined ? [] : back.split(':').filter((part) => part !== '')
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0')
  return `${[...head, ...(back === undefined ? [] : zeros), ...tail].slice(0, 3).join(':')}::/48`
}
