import { z } from 'zod'

/** The address of a web server, as a key of the configuration. */
export function webAddress() {
  return z.string().max(4096).refine(isWebAddress, 'is not the address of a web server; write a URL that starts with https:// or http://')
}

export function isWebAddress(text: string): boolean {
  const protocol = URL.parse(text)?.protocol
  return protocol === 'http:' || protocol === 'https:'
}
