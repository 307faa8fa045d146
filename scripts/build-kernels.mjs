import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Compiles the WebAssembly kernels of the backup service: `node scripts/build-kernels.mjs`. The compiled bytes are kept in the
 * repository, so that nobody needs the compiler to run it; a test of the package compares them with what this makes.
 */
const kernelsFolder = new URL('../services/backup/src/repository/kernels/', import.meta.url)
const kernelNames = ['poly1305', 'rabin']

/** The text of bytes.ts that belongs to the .wat files as they are. */
export async function buildKernels() {
  const wabt = await createRequire(new URL('../services/backup/package.json', import.meta.url))('wabt')()
  const lines = await Promise.all(kernelNames.map((name) => buildKernel(wabt, name)))
  return ['// Made by scripts/build-kernels.mjs from the .wat files in this folder.', ...lines, ''].join('\n')
}

/**
 * @param {{ parseWat(name: string, text: string): { validate(): void, toBinary(options: object): { buffer: Uint8Array }, destroy(): void } }} wabt
 * @param {string} name
 */
async function buildKernel(wabt, name) {
  const module = wabt.parseWat(`${name}.wat`, await readFile(new URL(`${name}.wat`, kernelsFolder), 'utf8'))
  try {
    module.validate()
    const bytes = Buffer.from(module.toBinary({ log: false, canonicalize_lebs: true }).buffer)
    return `export const ${name}Bytes =\n  '${bytes.toString('base64')}'`
  } finally {
    module.destroy()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(new URL('bytes.ts', kernelsFolder), await buildKernels())
