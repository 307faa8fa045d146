/** One line of /proc/1/mounts. */
export interface Mount {
  readonly device: string
  readonly mount: string
  readonly fstype: string
  readonly readonly: boolean
}

/** All mounts in the order in which they were made. Lines that are none are left out. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split('\n')) {
    const [device, mount, fstype, options] = line.split(' ')
    if (!device || !mount?.startsWith('/') || !fstype || !options) continue
    mounts.push({ device: unescape(device), mount: unescape(mount), fstype, readonly: options.split(',').includes('ro') })
  }
  return mounts
}

/** The kernel writes space, tab, newline, backslash and # as three octal digits. */
function unescape(text: string): string {
  return text.includes('\\')
    ? text.replaceAll(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : text
}
