import { createRequire } from 'node:module'

export interface ExtendedAttribute {
  readonly name: string
  readonly value: Buffer
}

interface Addon {
  listAttributesSync(path: string): string[]
  getAttributeSync(path: string, name: string): Buffer | null
  setAttributeSync(path: string, name: string, value: Uint8Array): void
}

let loaded: { readonly addon: Addon | undefined } | undefined

/** Node has no call for extended attributes (and the access lists among them); an add-on that may be missing has. Not loaded before its use. */
function load(): Addon | undefined {
  loaded ??= { addon: tryLoad() }
  return loaded.addon
}

function tryLoad(): Addon | undefined {
  try {
    return createRequire(import.meta.url)('@napi-rs/xattr') as Addon
  } catch {
    return undefined
  }
}

/** Why no extended attributes are kept here, or undefined. */
export function extendedAttributesObstacle(): string | undefined {
  return load() === undefined ? 'extended attributes below it are left out: the add-on @napi-rs/xattr is not there' : undefined
}

/** What a file has beside its content; nothing where the file system knows none, or the path is no UTF-8. Links are not followed. */
export function readExtendedAttributes(path: Buffer): ExtendedAttribute[] {
  const addon = load()
  const text = addon && asText(path)
  if (addon === undefined || text === undefined) return []
  try {
    return addon.listAttributesSync(text).flatMap((name) => {
      const value = addon.getAttributeSync(text, name)
      return value === null ? [] : [{ name, value }]
    })
  } catch {
    // ENOTSUP on file systems without them, EPERM for what only root may see: neither makes the content worth less.
    return []
  }
}

/** Gives what went wrong, or undefined. */
export function writeExtendedAttributes(path: Buffer, attributes: readonly { name: string; value: Uint8Array }[]): string | undefined {
  if (attributes.length === 0) return undefined
  const [addon, text] = [load(), asText(path)]
  if (addon === undefined || text === undefined) return 'extended attributes cannot be set here'
  try {
    for (const { name, value } of attributes) addon.setAttributeSync(text, name, value)
    return undefined
  } catch (error) {
    return `extended attributes: ${error instanceof Error ? error.message : String(error)}`
  }
}

function asText(path: Buffer): string | undefined {
  const text = path.toString('utf8')
  return Buffer.from(text, 'utf8').equals(path) ? text : undefined
}
