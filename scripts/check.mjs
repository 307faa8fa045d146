// `npm run check`: what CI asks of a change. The commands are those of package.json; a check's output is shown when it fails.
// Run by run.mjs, which puts the right Node and node_modules/.bin first on PATH.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** @type {{ scripts: Record<string, string> }} */
const { scripts } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const marker = ' --exec '

/**
 * The program behind a script: what stands after `run.mjs --exec`.
 * @param {string} name
 */
export function commandOf(name) {
  const script = scripts[name] ?? ''
  const at = script.indexOf(marker)
  if (at < 0) throw new Error(`package.json: the script ${name} is not of the form "node scripts/run.mjs --exec PROGRAM ARGS"`)
  return script.slice(at + marker.length).split(' ')
}

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const failed = [
    run('lint', commandOf('lint')),
    run('format', commandOf('format:check')),
    run('types', commandOf('typecheck')),
    run('lockfile', ['node', 'scripts/lockfile.mjs']),
    run('tests', commandOf('test')),
  ].filter((name) => name !== null)
  console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`)
  process.exitCode = failed.length === 0 ? 0 : 1
}

/**
 * @param {string} name
 * @param {string[]} command
 * @returns {string | null} the name when it failed
 */
function run(name, [file = '', ...args]) {
  const start = Date.now()
  const live = name === 'tests' // They take long: shown while they run.
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  const ok = status === 0
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
  if (!ok) console.log(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
  return ok ? null : name
}
