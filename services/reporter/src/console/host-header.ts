/**
 * The console listens on loopback, and a web page elsewhere can make a browser ask for it under a name of its own (DNS rebinding). So only
 * loopback names and the configured ones are answered.
 */
export function isAllowedHost(header: string | undefined, allowedHosts: readonly string[]): boolean {
  const name = header === undefined ? undefined : hostnameOf(header)
  if (name === undefined) return false
  return name === 'localhost' || isLoopback(name) || allowedHosts.some((allowed) => allowed.toLowerCase() === name)
}

/** Whether an address (or `localhost`) can only be reached from this machine. */
export function isLoopback(address: string): boolean {
  const name = address.toLowerCase().replace(/^\[|\]$/g, '')
  return name === 'localhost' || name === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
}

/** A browser says where a request comes from; another site's page may not even count as a viewer. */
export function isForeignSite(secFetchSite: string | undefined): boolean {
  return secFetchSite === 'cross-site' || secFetchSite === 'same-site'
}

function hostnameOf(header: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header.trim())
  return match?.[1]?.toLowerCase().replace(/^\[|\]$/g, '')
}
