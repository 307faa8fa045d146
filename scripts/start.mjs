// From a bare machine to a running program: cache, Node, packages and broker, then the program itself.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { clean, openCache, removeTemporary } from './cache.mjs'
import { endWithNpm, runChild } from './child.mjs'
import { endCommands, killCommands } from './command.mjs'
import { explain, Failure } from './failure.mjs'
import { findNatsServer } from './nats-server.mjs'
import { sourcesFor } from './nats-sources.mjs'
import { findNode, findPnpm } from './toolchain.mjs'
import { installWorkspace, isInstalled, pnpmEnvironment } from './workspace.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
/** Programs that start a broker of their own, by what stands in their command line. */
const brokerPrograms = ['vitest', 'scripts/check.mjs', 'test/campaigns/main.ts', 'bench/src/main.ts']

/** @param {string} line to standard error: standard output belongs to the program */
function say(line) {
  console.error(`nightshift: ${line}`)
}

/**
 * How much a command line needs nats-server: `required` fails without one, `wanted` tries to get one, `at hand` takes only what is there.
 * @param {string[]} args
 */
export function brokerNeed(args) {
  if (args[0] === '--exec') return args.some((arg) => brokerPrograms.includes(arg)) ? 'required' : 'at hand'
  if (args.includes('--help') || args.includes('-h')) return 'at hand'
  return args[0] === 'up' ? 'required' : args[0] === 'doctor' ? 'wanted' : 'at hand'
}

/** @param {string[]} args */
export async function start(args) {
  let cache = ''
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  let interrupted = false
  const interrupt = /** @param {NodeJS.Signals} signal */ (signal) => {
    if (interrupted) return
    interrupted = true
    void tidy().then(() => {
      for (const each of signals) process.off(each, interrupt)
      process.kill(process.pid, signal)
    })
  }
  for (const signal of signals) process.on(signal, interrupt)
  process.on('exit', killCommands)
  endWithNpm(process.env)
  try {
    if (args[0] === '--clean') {
      const removed = clean(process.env, root)
      for (const folder of removed) say(`removed ${folder}`)
      if (removed.length === 0) say('nothing to remove')
      return
    }
    cache = openCache(process.env, root)
    const program = await prepare(args, cache)
    if (interrupted) return
    for (const signal of signals) process.off(signal, interrupt)
    await runChild(program.file, program.args, program)
  } catch (error) {
    if (interrupted) return
    await tidy()
    console.error(explain(error, cache))
    process.exitCode = 1
  }
}

/** Ends helper programs and removes what they left half done. */
async function tidy() {
  await endCommands()
  removeTemporary()
}

/**
 * Brings what the command line needs.
 * @param {string[]} args
 * @param {string} cache
 * @returns {Promise<{ file: string, args: string[], cwd?: string, env: NodeJS.ProcessEnv, ipc: boolean }>}
 */
async function prepare(args, cache) {
  const { toolchain } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  const exec = args[0] === '--exec'
  const context = { cache, toolchain, say }
  const runsPnpm = exec && args[1] === 'pnpm'
  const [node, pnpm] = await Promise.all([findNode(context), runsPnpm || !isInstalled(root, toolchain) ? findPnpm(context) : null])
  const folders = [path.dirname(node), path.join(root, 'node_modules', '.bin'), process.env.PATH ?? '']
  const toolEnv = {
    ...process.env,
    PATH: folders.join(path.delimiter),
    XDG_DATA_HOME: path.join(cache, 'data'), // vitest keeps a token there.
  }
  if (runsPnpm && pnpm !== null) {
    const [file = 'pnpm', ...first] = pnpm
    return { file, args: [...first, ...args.slice(2)], cwd: root, env: pnpmEnvironment(cache, toolEnv), ipc: false }
  }
  const [natsServer] = await Promise.all([
    broker(args, { ...context, node }),
    pnpm === null ? null : installWorkspace({ root, pnpm, env: toolEnv, ...context }),
  ])
  const found = natsServer === null ? {} : { NATS_SERVER: natsServer }
  if (exec) {
    const [name, ...rest] = args.slice(1)
    if (name === undefined) throw new Failure('--exec needs a program.', { type: ['node scripts/run.mjs --exec vitest run'] })
    const file = name === 'node' ? node : path.join(root, 'node_modules', '.bin', name)
    return { file, args: rest, cwd: root, env: { ...toolEnv, ...found }, ipc: false }
  }
  const main = path.join(root, 'packages', 'cli', 'src', 'main.ts')
  const ipc = args[0] === 'up' || args[0] === 'run'
  const env = { NODE_COMPILE_CACHE: path.join(cache, 'compile'), ...process.env, ...found }
  return { file: node, args: [main, ...args], env, ipc }
}

/**
 * @param {string[]} args
 * @param {{ cache: string, node: string, toolchain: import("./toolchain.mjs").Toolchain, say: (line: string) => void }} context
 */
async function broker(args, { cache, node, toolchain, say }) {
  const need = brokerNeed(args)
  const sources = sourcesFor({ node, toolchain }, process.platform, process.arch)
  try {
    return await findNatsServer({ cache, sources, minimum: toolchain.nats_server_minimum, say, fetch: need !== 'at hand' })
  } catch (error) {
    if (need === 'required') throw error
    console.error(explain(error, cache))
    return null
  }
}
