// Every native tool must stand in pnpm-lock.yaml for each platform we support: a lockfile written on one machine may lack the others'
// binaries without a word, and then `npm start` fails there.  node scripts/lockfile.mjs
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const platforms = ['linux-x64', 'linux-arm64', 'darwin-arm64']
/** Tools known to be native. Others are found by their names; these must not vanish from the lockfile unnoticed. */
const knownFamilies = [
  '@oxfmt/binding-',
  '@oxlint-tsgolint/',
  '@oxlint/binding-',
  '@rolldown/binding-',
  '@typescript/typescript-',
  'lightningcss-',
]

/**
 * @param {string} lockfile text of pnpm-lock.yaml
 * @returns {string[]} what is missing, as `name@version`
 */
export function missingBinaries(lockfile) {
  // A key of the sections `packages` and `snapshots`:   '@oxlint/binding-linux-x64-gnu@1.89.0':
  const keys = lockfile.matchAll(/^ {2}'?((?:@[^/\s']+\/)?[^@\s':]+)@([^\s':(]+)/gm)
  /** @type {Map<string, Set<string>>} platforms by family and version */
  const found = new Map(knownFamilies.map((family) => [`${family}*`, new Set()]))
  for (const [, name = '', version] of keys) {
    const [, family, platform = ''] = /^(.*[-/])(linux-x64|linux-arm64|darwin-arm64)(?:-gnu)?$/.exec(name) ?? []
    if (family === undefined) continue
    found.delete(`${family}*`)
    const id = `${family}*@${version}`
    found.set(id, (found.get(id) ?? new Set()).add(platform))
  }
  return [...found].flatMap(([id, have]) => platforms.filter((each) => !have.has(each)).map((each) => id.replace('*', each)))
}

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const missing = missingBinaries(fs.readFileSync(new URL('../pnpm-lock.yaml', import.meta.url), 'utf8'))
  for (const each of missing)
    console.error(`pnpm-lock.yaml has no ${each}: pin a version of that tool that exists for ${platforms.join(', ')}.`)
  if (missing.length > 0) process.exitCode = 1
  else console.log(`pnpm-lock.yaml names every native tool for ${platforms.join(', ')}.`)
}
