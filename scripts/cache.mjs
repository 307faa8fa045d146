// The one folder outside the repository that a start writes to.
import fs from 'node:fs'
import path from 'node:path'
import { Failure } from './failure.mjs'

const tag = 'CACHEDIR.TAG'
/** Backup programs skip a folder with this file (bford.info/cachedir); for us it also says that the folder is ours to remove. */
const tagText = "Signature: 8a477f597d28d172789f06886806bc55\n# Cache of Nightshift's start; `npm run clean` removes it.\n"
const abandonedMs = 24 * 3600 * 1000
/** @type {Set<string>} temporary folders of this process */
const temporary = new Set()

/**
 * Folders to try, best first. Only NIGHTSHIFT_CACHE is taken without an alternative.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root the repository
 * @returns {string[]}
 */
export function cacheCandidates(env, root) {
  if (env.NIGHTSHIFT_CACHE) return [path.resolve(env.NIGHTSHIFT_CACHE)]
  const local = path.join(root, '.cache')
  // A relative XDG path is invalid by its specification; a HOME that does not exist is not created.
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) return [path.join(env.XDG_CACHE_HOME, 'nightshift'), local]
  if (env.HOME && path.isAbsolute(env.HOME) && fs.existsSync(env.HOME)) return [path.join(env.HOME, '.cache', 'nightshift'), local]
  return [local]
}

/**
 * The first candidate that can be written, created and tagged.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root
 * @returns {string}
 */
export function openCache(env, root) {
  const candidates = cacheCandidates(env, root)
  for (const folder of candidates) {
    try {
      fs.mkdirSync(folder, { recursive: true })
      fs.accessSync(folder, fs.constants.W_OK)
      claim(folder)
      return folder
    } catch (error) {
      if (error instanceof Failure) throw error
    }
  }
  throw new Failure(`No folder for the cache can be written (tried ${candidates.join(', ')}).`, {
    type: ['NIGHTSHIFT_CACHE=/some/empty/folder npm start'],
  })
}

/** @param {string} folder */
function claim(folder) {
  const file = path.join(folder, tag)
  if (fs.existsSync(file)) return
  if (fs.readdirSync(folder).some((name) => name !== tag)) {
    throw new Failure(`The cache folder ${folder} holds something else; it must be empty or Nightshift's own.`, {
      type: ['NIGHTSHIFT_CACHE=/some/empty/folder npm start'],
    })
  }
  fs.writeFileSync(file, tagText)
}

/**
 * A new empty folder inside the cache, removed when this process ends unless it was put in place.
 * @param {string} cache
 */
export function temporaryFolder(cache) {
  for (const name of fs.readdirSync(cache)) {
    const old = path.join(cache, name)
    if (name.startsWith('tmp-') && Date.now() - (fs.statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > abandonedMs) {
      fs.rmSync(old, { recursive: true, force: true })
    }
  }
  const folder = fs.mkdtempSync(path.join(cache, 'tmp-'))
  temporary.add(folder)
  return folder
}

/**
 * Moves a complete folder to its final name at one stroke. When another start was first, its folder stays and ours goes.
 * @param {string} folder
 * @param {string} place
 * @param {string} file what a good folder holds; one without it is replaced
 */
export function putInPlace(folder, place, file) {
  fs.mkdirSync(path.dirname(place), { recursive: true })
  if (fs.existsSync(place) && !fs.existsSync(path.join(place, file))) fs.rmSync(place, { recursive: true, force: true })
  try {
    fs.renameSync(folder, place)
    temporary.delete(folder)
  } catch (error) {
    if (!fs.existsSync(path.join(place, file))) throw error
    removeTemporary(folder)
  }
}

/** @param {string} [folder] all of them when not given */
export function removeTemporary(folder) {
  for (const each of folder === undefined ? temporary : [folder]) {
    fs.rmSync(each, { recursive: true, force: true })
    temporary.delete(each)
  }
}

/**
 * Removes the cache folders that carry our tag, and every node_modules of the repository.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root
 * @returns {string[]} what was removed
 */
export function clean(env, root) {
  const caches = [...new Set([...cacheCandidates(env, root), path.join(root, '.cache')])].filter((folder) =>
    fs.existsSync(path.join(folder, tag)),
  )
  const removed = [...caches, ...moduleFolders(root, 2)]
  for (const folder of removed) fs.rmSync(folder, { recursive: true, force: true })
  return removed
}

/**
 * @param {string} folder
 * @param {number} depth
 * @returns {string[]}
 */
function moduleFolders(folder, depth) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name)
    if (entry.name === 'node_modules') return [full]
    const enter = entry.isDirectory() && depth > 0 && !entry.name.startsWith('.') && entry.name !== 'data'
    return enter ? moduleFolders(full, depth - 1) : []
  })
}
