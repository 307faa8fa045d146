// Where a nats-server comes from when none is at hand. Each source puts its program below a folder of its own, and throws when it cannot.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines, runCommand } from './command.mjs'

/**
 * @typedef {{ id: string, title: string, bring: (folder: string) => Promise<string> }} Source
 *   `id` names its folder in the cache; `bring` unpacks below `folder` and gives the program's path.
 * @typedef {{ node: string, toolchain: import("./toolchain.mjs").Toolchain }} Context
 */

/**
 * The sources for a machine, best first.
 * @param {Context} context
 * @param {string} platform
 * @param {string} arch
 * @returns {Source[]}
 */
export function sourcesFor(context, platform, arch) {
  const release = releaseSource(context, platform, arch)
  const package_ = platform === 'darwin' ? brewSource() : packageSource()
  return release === null ? [package_] : [release, package_]
}

/**
 * @param {Context} context
 * @param {string} platform
 * @param {string} arch
 * @returns {Source | null} null where no release is pinned
 */
function releaseSource({ node, toolchain }, platform, arch) {
  const version = toolchain.nats_server
  const name = `nats-server-v${version}-${platform}-${arch === 'x64' ? 'amd64' : arch}`
  const sha256 = toolchain.integrity[`${name}.tar.gz`]
  if (sha256 === undefined) return null
  return {
    id: `release-${version}`,
    title: `the official release ${version} (github.com)`,
    async bring(folder) {
      const archive = path.join(folder, 'release.tar.gz')
      const url = `https://github.com/nats-io/nats-server/releases/download/v${version}/${name}.tar.gz`
      const env = { ...process.env, NODE_USE_ENV_PROXY: '1', NODE_USE_SYSTEM_CA: '1' }
      const script = fileURLToPath(new URL('download.mjs', import.meta.url))
      await must(node, [script, url, archive, sha256], { cwd: folder, env, timeoutMs: 200_000 })
      await must('tar', ['-xzf', archive, '-C', folder], { timeoutMs: 60_000 })
      return path.join(folder, name, 'nats-server')
    },
  }
}

/** Debian's or Ubuntu's package, unpacked and not installed: installing it would start a system server on 4222. @returns {Source} */
function packageSource() {
  return {
    id: 'package',
    title: "the distribution's package (apt)",
    async bring(folder) {
      const download = () => must('apt-get', ['download', 'nats-server'], { cwd: folder, env, timeoutMs: 120_000 })
      const settings = await must('apt-config', ['dump'], { timeoutMs: 20_000 })
      const file = path.join(folder, 'apt.conf')
      const env = { ...process.env, APT_CONFIG: file, LC_ALL: 'C' }
      for (const each of ['lists/partial', 'cache/archives/partial']) fs.mkdirSync(path.join(folder, each), { recursive: true })
      fs.writeFileSync(file, aptConfig(settings, folder, { ownLists: false }))
      try {
        await download()
      } catch {
        // The machine's lists are empty or old: take our own, from the machine's configured sources. Part of them may fail.
        fs.writeFileSync(file, aptConfig(settings, folder, { ownLists: true }))
        await runCommand('apt-get', ['update', '-qq'], { cwd: folder, env, timeoutMs: 180_000 })
        await download()
      }
      const deb = fs.readdirSync(folder).find((name) => name.endsWith('.deb'))
      if (deb === undefined) throw new Error('apt-get brought no package')
      const unpacked = path.join(folder, 'unpacked')
      await must('dpkg', ['-x', path.join(folder, deb), unpacked], { timeoutMs: 60_000 })
      const programs = ['usr/sbin/nats-server', 'usr/bin/nats-server'].map((each) => path.join(unpacked, each))
      return programs.find((each) => fs.existsSync(each)) ?? /** @type {string} */ (programs[0])
    },
  }
}

/**
 * An apt configuration that writes only below `folder`, and keeps from the machine's own what reaches the network (proxies, certificates).
 * Its apt.conf.d is left out: its hooks run after every update, and touch the system.
 * @param {string} dump of `apt-config dump`
 * @param {string} folder
 * @param {{ ownLists: boolean }} options
 */
export function aptConfig(dump, folder, { ownLists }) {
  const kept = dump.split('\n').filter((line) => /^Acquire::(https?::|Check-|Force|Allow)/.test(line))
  return [
    ...kept,
    'Dir::Etc::parts "-";',
    'Dir::Etc::main "-";',
    `Dir::Cache "${folder}/cache";`,
    ...(ownLists ? [`Dir::State::lists "${folder}/lists";`] : []),
    'APT::Sandbox::User "root";', // The user _apt could not write into a folder of ours.
    'Acquire::Languages "none";',
    'Acquire::Retries "0";',
    'Acquire::http::Timeout "8";',
    'Acquire::https::Timeout "8";',
    '',
  ].join('\n')
}

/** Homebrew's bottle, unpacked and not installed. @returns {Source} */
function brewSource() {
  return {
    id: 'brew',
    title: "Homebrew's bottle",
    async bring(folder) {
      const env = { ...process.env, HOMEBREW_CACHE: path.join(folder, 'brew'), HOMEBREW_NO_AUTO_UPDATE: '1', HOMEBREW_NO_ANALYTICS: '1' }
      await must('brew', ['fetch', 'nats-server'], { env, timeoutMs: 300_000 })
      const bottle = await must('brew', ['--cache', 'nats-server'], { env, timeoutMs: 60_000 })
      await must('tar', ['-xzf', lastLines(bottle, 1), '-C', folder], { timeoutMs: 60_000 })
      const cellar = path.join(folder, 'nats-server')
      return path.join(cellar, fs.readdirSync(cellar)[0] ?? '', 'bin', 'nats-server')
    },
  }
}

/**
 * @param {string} file
 * @param {string[]} args
 * @param {Parameters<typeof runCommand>[2]} options
 */
async function must(file, args, options) {
  const { code, output } = await runCommand(file, args, options)
  if (code === 127) throw new Error(`no ${path.basename(file)} here`)
  if (code !== 0) throw new Error(lastLines(output, 1) || `${path.basename(file)} ended with ${code}`)
  return output
}
