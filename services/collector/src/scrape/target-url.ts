import { formatTarget } from '../network/connection-error.ts'

/** `host:port` of a URL, with the port also where it is the usual one. */
export function addressOf(url: URL): string {
  return formatTarget(url.hostname, url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
}

/** A name for each target of a job: its `host:port`, and its path too where that is not enough. */
export function instancesOf(urls: readonly URL[]): string[] {
  const addresses = urls.map(addressOf)
  return urls.map((url, index) => {
    const address = addresses[index] ?? ''
    const isAlone = addresses.filter((each) => each === address).length === 1
    return (isAlone ? address : `${address}${url.pathname}${url.search === '' ? '' : `#${index + 1}`}`).slice(0, 1024)
  })
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
