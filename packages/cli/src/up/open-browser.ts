import { spawn } from 'node:child_process'

/** Shows the console in a browser where there is a desktop; otherwise does nothing. */
export function openBrowser(url: string, env: NodeJS.ProcessEnv): void {
  const hasDesktop = process.platform === 'darwin' || env['DISPLAY'] !== undefined || env['WAYLAND_DISPLAY'] !== undefined
  if (!hasDesktop || env['CI'] !== undefined) return
  const child = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [url], { stdio: 'ignore', detached: true })
  // Nothing depends on it: the address stands in the terminal.
  child.on('error', () => undefined)
  child.unref()
}
