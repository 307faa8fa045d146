// node_modules of the workspace: installed when the lockfile, a manifest or the toolchain changed, and by one start at a time.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { lastLines, runCommand } from './command.mjs'
import { Failure } from './failure.mjs'
import { withLock } from './lock.mjs'

/**
 * What an install depends on, as one hash.
 * @param {string} root
 * @param {unknown} toolchain
 */
export function installStamp(root, toolchain) {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([toolchain, process.platform, process.arch]))
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests(root, '', 2)]) {
    const full = path.join(root, file)
    if (fs.existsSync(full)) hash.update(`${file}\0`).update(fs.readFileSync(full)).update('\0')
  }
  return hash.digest('hex')
}

/**
 * Every package.json down to `test/servers/package.json`, in a fixed order.
 * @param {string} root
 * @param {string} folder
 * @param {number} depth
 * @returns {string[]}
 */
function manifests(root, folder, depth) {
  const entries = fs.readdirSync(path.join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const each = path.join(folder, entry.name)
    if (entry.name === 'package.json') return [each]
    const enter = entry.isDirectory() && depth > 0 && !entry.name.startsWith('.') && !['node_modules', 'data'].includes(entry.name)
    return enter ? manifests(root, each, depth - 1) : []
  })
}

/**
 * pnpm's environment: everything it keeps goes into the cache folder; the user's own configuration (registry, proxy) still counts.
 * @param {string} cache
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function pnpmEnvironment(cache, env) {
  const own = path.join(cache, 'pnpm')
  return {
    ...env,
    XDG_DATA_HOME: path.join(own, 'data'),
    XDG_STATE_HOME: path.join(own, 'state'),
    XDG_CACHE_HOME: path.join(own, 'cache'),
    PNPM_HOME: path.join(own, 'home'),
    npm_config_store_dir: path.join(own, 'store'),
    pnpm_config_store_dir: path.join(own, 'store'),
    npm_config_cache: path.join(own, 'npm'),
  }
}

/**
 * Whether node_modules is what the lockfile, the manifests and the toolchain of now ask for.
 * @param {string} root
 * @param {unknown} toolchain
 */
export function isInstalled(root, toolchain) {
  const file = stampFile(root)
  return fs.existsSync(file) && fs.readFileSync(file, 'utf8') === installStamp(root, toolchain)
}

/** @param {string} root */
function stampFile(root) {
  return path.join(root, 'node_modules', '.nightshift-install')
}

/**
 * @param {{ root: string, cache: string, pnpm: string[], env: NodeJS.ProcessEnv, toolchain: unknown, say: (line: string) => void }} context
 *   `pnpm` is the program and its first arguments
 */
export async function installWorkspace({ root, cache, pnpm, env, toolchain, say }) {
  const lock = path.join(cache, `install-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`)
  await withLock(lock, say, async () => {
    if (isInstalled(root, toolchain)) return
    say('installing the packages of pnpm-lock.yaml into node_modules')
    fs.rmSync(stampFile(root), { force: true })
    const stamp = installStamp(root, toolchain)
    // The lockfile in the repository was judged (release age and so on) when it was written and in CI; here its hashes are enough.
    const options = ['--frozen-lockfile', '--trust-lockfile', '--prod=false', '--config.confirm-modules-purge=false']
    const [program = 'pnpm', ...first] = pnpm
    const { code, output } = await runCommand(program, [...first, 'install', ...options], { cwd: root, env: pnpmEnvironment(cache, env) })
    if (code !== 0) throw installFailure(output)
    fs.writeFileSync(stampFile(root), stamp)
  })
}

/** @param {string} output */
function installFailure(output) {
  const outdated = output.includes('ERR_PNPM_OUTDATED_LOCKFILE')
  return new Failure(outdated ? 'pnpm-lock.yaml is behind a package.json.' : 'pnpm could not install the packages.', {
    output: lastLines(output, 30),
    type: outdated
      ? ['node scripts/run.mjs --exec pnpm install   (and commit pnpm-lock.yaml)']
      : ['npm ping   (is the registry reachable?)', 'then the same command again; npm run clean starts from nothing'],
  })
}
