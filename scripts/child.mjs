// The program a start is for: our terminal and our signals are its own, and its end is ours.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { Failure } from './failure.mjs'

const orphanCheckMs = 1_000

/**
 * Runs the program to its end and ends this process the same way.
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env: NodeJS.ProcessEnv, ipc: boolean }} options
 *   `ipc`: a channel whose 'disconnect' tells the program that we are gone, even after kill -9. It must be a Node: the channel is announced
 *   as NODE_CHANNEL_FD, which Node takes out of its environment when it starts.
 * @returns {Promise<void>}
 */
export function runChild(file, args, { cwd, env, ipc }) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ipc ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit' })
    /** @type {[NodeJS.Signals, () => void][]} */
    const handlers = [
      // From a terminal Ctrl-C reaches the program too, and npm sends us a second one: passing them on would look like an impatient user.
      ['SIGINT', () => void (terminalSignalsGroup() || child.kill('SIGINT'))],
      ['SIGTERM', () => void child.kill('SIGTERM')],
      ['SIGHUP', () => void child.kill('SIGHUP')],
    ]
    for (const [signal, handler] of handlers) process.on(signal, handler)
    const stop = () => {
      for (const [signal, handler] of handlers) process.off(signal, handler)
    }
    child.on('error', (error) => {
      stop()
      reject(new Failure(`Cannot run ${file}: ${error.message}.`))
    })
    child.on('exit', (code, signal) => {
      stop()
      if (signal === null) process.exitCode = code ?? 1
      else process.kill(process.pid, signal)
      resolve()
    })
  })
}

/**
 * Sends this process SIGTERM when the npm that started it is gone (killed, say): nobody else would end the program then.
 * Started by hand it may outlive its shell, as any program.
 * @param {NodeJS.ProcessEnv} env
 */
export function endWithNpm(env) {
  if (env.npm_lifecycle_event === undefined) return
  const starters = startedBy()
  const watch = setInterval(() => {
    if (startedBy() === starters) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, orphanCheckMs)
  watch.unref()
}

/** Who started us: our parent and, when that is the shell which npm puts between (dash stays there, bash does not), its parent too. */
function startedBy() {
  const parent = process.ppid
  try {
    const stat = fs.readFileSync(`/proc/${parent}/stat`, 'utf8')
    return /\((da|ba|a)?sh\)/.test(stat) ? `${parent} ${statFields(stat)[1]}` : `${parent}`
  } catch {
    return `${parent}`
  }
}

/** Whether Ctrl-C goes to our whole process group: we are in the foreground of a terminal. */
function terminalSignalsGroup() {
  try {
    return isForeground(fs.readFileSync('/proc/self/stat', 'utf8'))
  } catch {
    return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  }
}

/** @param {string} stat a line of /proc/PID/stat: `pid (name) state ppid pgrp session tty_nr tpgid ...`, where the name may hold anything */
function statFields(stat) {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** @param {string} stat */
export function isForeground(stat) {
  const [, , group, , terminal, foreground] = statFields(stat)
  return terminal !== '0' && group === foreground
}
