// Helper programs of the start (npm, pnpm, apt-get, tar...): quiet, bounded in time and output, and ended with us.
import { spawn } from 'node:child_process'

const outputLimitBytes = 64 * 1024
const graceMs = 1_000
/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set()

/**
 * Runs a program to its end; never rejects. A program that cannot be started has the code 127.
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<{ code: number, output: string }>} the last 64 KB of what it said on both streams
 */
export function runCommand(file, args, { cwd, env = process.env, timeoutMs = 600_000 } = {}) {
  return new Promise((resolve) => {
    let output = ''
    // A process group of its own, so that a timeout or Ctrl-C ends the whole helper and not only its first process.
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    const timer = setTimeout(() => {
      output += `\n(ended after ${timeoutMs / 1000} s)`
      endGroup(child, 'SIGKILL')
    }, timeoutMs)
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output = (output + chunk.toString()).slice(-outputLimitBytes)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    /** @param {number} code */
    const finish = (code) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code, output })
    }
    child.on('error', (error) => {
      output += error.message
      finish(127)
    })
    child.on('close', (code) => finish(code ?? 1))
  })
}

/** Ends every helper that still runs: asks, waits a moment for those that tidy up, then insists. */
export async function endCommands() {
  for (const child of running) endGroup(child, 'SIGTERM')
  for (const until = Date.now() + graceMs; running.size > 0 && Date.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  killCommands()
}

/** Ends every helper that still runs, at once. */
export function killCommands() {
  for (const child of running) endGroup(child, 'SIGKILL')
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function endGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It ended in between.
  }
}

/**
 * The last lines of a program's output, for a message.
 * @param {string} output
 * @param {number} lines
 */
export function lastLines(output, lines) {
  return output.trim().split('\n').slice(-lines).join('\n')
}
