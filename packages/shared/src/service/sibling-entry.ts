import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Path of a program that lies beside a module: `config-child.ts` in the sources, `config-child.js` in a bundle, which both are entries of.
 * `from` is the module's `import.meta.url`.
 */
export function siblingEntry(from: string, name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(new URL(from).pathname)}`, from))
}
