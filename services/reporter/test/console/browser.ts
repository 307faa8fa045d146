import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A real Chromium without a window, driven over its debugging protocol. */
export interface Browser {
  /** Opens a page; `violations` collects what the browser complained about (errors, CSP). */
  open(url: string, look?: Look): Promise<BrowserPage>
  close(): Promise<void>
}

export interface Look {
  width?: number
  height?: number
  dark?: boolean
}

export interface BrowserPage {
  readonly complaints: string[]
  evaluate<T>(expression: string): Promise<T>
  /** Waits until the expression is true in the page. */
  until(expression: string, deadlineMs?: number): Promise<void>
  /** The whole page as PNG. */
  screenshot(): Promise<Buffer>
  press(key: string): Promise<void>
}

interface Reply {
  id?: number
  method?: string
  sessionId?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { message: string }
}

type Call = (method: string, params?: Record<string, unknown>) => Promise<Record<string, unknown>>

/** Path of a Chromium on PATH, or undefined. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const candidates = names.flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export async function startBrowser(path: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'nightshift-chromium-'))
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
  ]
  const child = spawn(
    path,
    [...flags, '--disable-sync', '--disable-dev-shm-usage', `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const socket = new WebSocket(await debuggingAddress(child))
  await once(socket, 'open')
  const waiting = new Map<number, (reply: Reply) => void>()
  const listeners = new Map<string, (reply: Reply) => void>()
  let lastId = 0
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply
    if (reply.id === undefined) return listeners.get(reply.sessionId ?? '')?.(reply)
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
  })
  const callOf = (sessionId?: string): Call => {
    return async (method, params = {}) => {
      const id = ++lastId
      const { promise, resolve } = Promise.withResolvers<Reply>()
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
      const reply = await promise
      if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`)
      return reply.result ?? {}
    }
  }

  return {
    async open(url, look = {}) {
      const { targetId } = await callOf()('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await callOf()('Target.attachToTarget', { targetId, flatten: true })
      const call = callOf(String(sessionId))
      const complaints: string[] = []
      listeners.set(String(sessionId), (reply) => complaints.push(...complaintsIn(reply)))
      for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`)
      const { width = 1280, height = 900, dark = false } = look
      await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
      await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] })
      await call('Page.navigate', { url })
      return pageOf(call, complaints)
    },
    async close() {
      const gone = once(child, 'exit')
      // Asked to close, it also ends its helpers; killed, they would go on writing to the profile for a while.
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
      socket.send(JSON.stringify({ id: ++lastId, method: 'Browser.close' }))
      await gone
      clearTimeout(timer)
      socket.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function pageOf(call: Call, complaints: string[]): BrowserPage {
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails !== undefined) throw new Error(`in the page: ${JSON.stringify(exceptionDetails).slice(0, 500)}`)
    return (result as { value: T }).value
  }
  return {
    complaints,
    evaluate,
    async until(expression, deadlineMs = 10_000) {
      const deadline = performance.now() + deadlineMs
      while (!(await evaluate<boolean>(`Boolean(${expression})`).catch(() => false))) {
        if (performance.now() > deadline) {
          throw new Error(
            `not true within ${deadlineMs} ms: ${expression}\n${await evaluate<string>('document.body.innerText')}\n${complaints.join('\n')}`,
          )
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async screenshot() {
      const { data } = await call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true })
      return Buffer.from(String(data), 'base64')
    },
    async press(key) {
      await call('Input.dispatchKeyEvent', { type: 'keyDown', key, code: key })
      await call('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key })
    },
  }
}

function complaintsIn(reply: Reply): string[] {
  if (reply.method === 'Runtime.exceptionThrown') return [JSON.stringify(reply.params)]
  if (reply.method !== 'Log.entryAdded') return []
  const { level, text } = (reply.params?.['entry'] ?? {}) as { level?: string; text?: string }
  return level === 'error' ? [text ?? ''] : []
}

async function debuggingAddress(child: ChildProcess): Promise<string> {
  let output = ''
  child.stderr?.setEncoding('utf8')
  for await (const text of child.stderr ?? []) {
    output += String(text)
    const address = /DevTools listening on (ws:\S+)/.exec(output)?.[1]
    if (address !== undefined) {
      child.stderr?.resume()
      return address
    }
  }
  throw new Error(`Chromium did not start: ${output.slice(-2000)}`)
}
