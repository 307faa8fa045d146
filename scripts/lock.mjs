// A lock file between processes of one machine. macOS has no flock(1), and Node has no flock(2).
import fs from 'node:fs'

/** No work under a lock takes longer: an older file is a dead holder's whose process id was given to another. */
const longestWorkMs = 15 * 60_000

/**
 * Runs `work` while holding a lock file that names this process. A dead holder's file is taken over.
 * @param {string} file
 * @param {(line: string) => void} say
 * @param {() => Promise<void>} work
 */
export async function withLock(file, say, work) {
  for (let told = false; !tryLock(file); told = true) {
    if (!told) say(`waiting for another start that installs the packages (${file})`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const release = () => fs.rmSync(file, { force: true })
  process.on('exit', release)
  try {
    await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

/** @param {string} file */
function tryLock(file) {
  const own = `${file}.${process.pid}`
  fs.writeFileSync(own, String(process.pid))
  try {
    fs.linkSync(own, file) // Atomic, and complete from the first moment.
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  } finally {
    fs.rmSync(own, { force: true })
  }
  if (isHeld(file)) return false
  // Of several that see a dead holder one moves its file away; should that one turn out to be a living one's, it goes back.
  try {
    fs.renameSync(file, own)
    if (isHeld(own)) fs.linkSync(own, file)
  } catch {
    // Another start was quicker.
  }
  fs.rmSync(own, { force: true })
  return false
}

/** @param {string} file */
function isHeld(file) {
  try {
    if (Date.now() - fs.statSync(file).mtimeMs > longestWorkMs) return false
    process.kill(Number(fs.readFileSync(file, 'utf8')), 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
