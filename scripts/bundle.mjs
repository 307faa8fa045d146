// `npm run bundle -- SERVICE [FOLDER]`: a service as the files that an image or a small host needs, in dist/SERVICE: programs, the parts
// they load when asked for, and `run`, which starts Node with the flags that cost least memory. Nothing else is needed but Node >= 24.12.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Programs of each service: its main, and the children and threads that it starts, which must lie beside it. */
/** @type {Record<string, { entries: Record<string, string>, flags: string[] }>} */
export const services = {
  collector: {
    entries: { main: 'src/main.ts', 'config-child': 'src/config-child.ts', 'inventory-child': 'src/inventory/inventory-child.ts' },
    flags: ['--max-semi-space-size=1', '--max-old-space-size=32', '--optimize-for-size', '--v8-pool-size=0', '--single-threaded'],
  },
  backup: {
    entries: { main: 'src/main.ts', reader: 'src/archive/workers/reader.ts', writer: 'src/restore/tree/workers/writer.ts' },
    flags: ['--max-semi-space-size=2'],
  },
}

/**
 * V8 keeps a source that has one other character with two bytes for each: 0.5 MB of the collector's memory for three ellipses (measured).
 * In what the minifier leaves, such characters stand only where an escape means the same.
 * @param {string} file
 */
function keepToAscii(file) {
  const code = fs.readFileSync(file, 'utf8')
  fs.writeFileSync(
    file,
    code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

/**
 * Writes the bundle of a service; gives the folder.
 * @param {string} name
 * @param {string} folder
 * @param {Record<string, string>} [programs] more entries that share its parts, as paths from the top of the checkout
 */
export async function bundle(name, folder, programs = {}) {
  const service = services[name]
  if (service === undefined) throw new Error(`no service is named "${name}": ${Object.keys(services).join(', ')}`)
  const own = Object.entries(service.entries).map(([entry, file]) => [entry, `services/${name}/${file}`])
  const input = { ...Object.fromEntries(own), ...programs }
  const build = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    logLevel: 'warn',
    external: ['bufferutil', 'utf-8-validate', 'pg-native'],
  })
  try {
    await build.write({ dir: folder, format: 'esm', minify: true, cleanDir: true })
  } finally {
    await build.close()
  }
  for (const name of fs.readdirSync(folder).filter((each) => each.endsWith('.js'))) keepToAscii(path.join(folder, name))
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}\n')
  const start = `#!/bin/sh\nexec node ${[...service.flags, '"$(dirname "$0")/main.js"', '"$@"'].join(' ')}\n`
  fs.writeFileSync(path.join(folder, 'run'), start, { mode: 0o755 })
  return folder
}

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [name = '', folder] = process.argv.slice(2)
  try {
    const written = await bundle(name, path.resolve(folder ?? path.join(root, 'dist', name)))
    const bytes = fs.readdirSync(written).reduce((sum, file) => sum + fs.statSync(path.join(written, file)).size, 0)
    console.log(
      `${path.relative(process.cwd(), written) || '.'}: ${(bytes / 1024).toFixed(0)} KiB. Start it: ${path.join(written, 'run')} --config FILE`,
    )
  } catch (error) {
    console.error(`bundle: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
