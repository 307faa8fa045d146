/** Packages that wait for an update, and those of them whose update is about security; null where that is not told. */
export interface PendingUpdates {
  readonly updates: number | null
  readonly securityUpdates: number | null
  /** Names and new versions of the packages with a security update. */
  readonly security: readonly { name: string; version: string }[]
}

/** The end of `apt-get -s dist-upgrade`: `Inst libc6 [2.36-9] (2.36-10 Debian-Security:12/stable-security [amd64])`. */
export function parseAptSimulation(text: string): PendingUpdates {
  const pending = [...text.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ([^)]*)\)/gm)]
  const security = pending.filter(([, , , origins = '']) => /security/i.test(origins))
  return {
    updates: pending.length,
    securityUpdates: security.length,
    security: security.map(([, name = '', version = '']) => ({ name, version })),
  }
}

/** `dnf -q check-update`: `kernel.x86_64   5.14.0-503.el9   baseos`, then obsoletions. */
export function countDnfUpdates(text: string): number {
  const [updates = ''] = text.split(/^Obsoleting Packages/m)
  return new Set([...updates.matchAll(/^(\S+\.(?:x86_64|aarch64|noarch|i686|s390x|ppc64le))\s+\S+\s+\S+\s*$/gm)].map(([, name]) => name))
    .size
}

/** `dnf -q updateinfo list --security`: `RHSA-2026:1234 Important/Sec. openssl-libs-1:3.0.7-28.el9.x86_64`; one package may be in several. */
export function parseDnfSecurity(text: string): { name: string; version: string }[] {
  const packages = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, name, version] = /\s(\S+)-((?:\d+:)?[^\s-]+-[^\s-]+)\.(?:x86_64|aarch64|noarch|i686|s390x|ppc64le)(?:\s|$)/.exec(line) ?? []
    if (name !== undefined && version !== undefined) packages.set(name, version)
  }
  return [...packages].map(([name, version]) => ({ name, version }))
}

/** `apk version -l '<'`: `musl-1.2.4-r1   < 1.2.4-r2`. Alpine does not say which are about security. */
export function countApkUpdates(text: string): number {
  return [...text.matchAll(/^\S+-\d\S*\s+<\s+\S+/gm)].length
}

/** Ubuntu's `/var/lib/update-notifier/updates-available`, which can be read without any program. */
export function parseUpdateNotifier(text: string): PendingUpdates {
  const updates = /^(\d+) updates? can be applied/m.exec(text)?.[1]
  const security = /^(\d+) of these updates (?:is|are) (?:a )?(?:standard )?security updates?/m.exec(text)?.[1]
  return {
    updates: updates === undefined ? null : Number(updates),
    securityUpdates: security === undefined ? (updates === undefined ? null : 0) : Number(security),
    security: [],
  }
}

export const unknownUpdates: PendingUpdates = { updates: null, securityUpdates: null, security: [] }
