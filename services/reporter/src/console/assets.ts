import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Asset {
  readonly contentType: string
  readonly body: Buffer<ArrayBuffer>
}

/** All files of the console. Their common hash stands in their path, so a browser may keep them for ever. */
export interface Assets {
  readonly hash: string
  readonly files: ReadonlyMap<string, Asset>
}

const clientFolder = new URL('./client/', import.meta.url)
const contentTypes: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Reads the browser's files: `client/` as it is, and preact's own module beside them, for a browser cannot resolve its bare name. */
export async function loadAssets(): Promise<Assets> {
  const files = new Map<string, Asset>()
  for (const name of (await readdir(clientFolder)).toSorted()) {
    const contentType = contentTypes[name.slice(name.lastIndexOf('.') + 1)]
    if (contentType === undefined) continue
    const text = await readFile(join(fileURLToPath(clientFolder), name), 'utf8')
    files.set(name, toAsset(contentType, text.replaceAll(/from 'preact'/g, "from './preact.js'")))
  }
  const preact = await readFile(createRequire(import.meta.url).resolve('preact'), 'utf8')
  files.set('preact.js', toAsset(contentTypes['js'] ?? '', preact.replace(/\n?\/\/# sourceMappingURL=.*/, '')))
  const hash = createHash('sha256')
  for (const [name, { body }] of files) hash.update(name).update('\0').update(body).update('\0')
  return { hash: hash.digest('hex').slice(0, 16), files }
}

function toAsset(contentType: string, text: string): Asset {
  return { contentType, body: Buffer.from(text) }
}
