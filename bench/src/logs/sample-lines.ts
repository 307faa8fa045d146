/** The same lines in every run. */
class Dice {
  #state = 20_251_021

  /** From 0 up to, but not with, `limit`. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T
  }
}

export type SampleFormat = 'json' | 'combined' | 'python' | 'errors'

const startMs = Date.UTC(2025, 9, 21, 4, 0, 0)
const paths = [
  '/api/v1/users/{id}/orders',
  '/api/v1/posture/sessions/{id}',
  '/health',
  '/api/v1/templates',
  '/static/app.js',
  '/api/v1/messages/{id}',
]
const problems = [
  'could not save the snapshot of camera {id}: timeout after {ms} ms',
  'upstream {id} refused the connection',
  'message {id} has no template',
]

/** Hand-written, in the shape of pino-http, nginx and Python's logging: 2 % errors, 3 % warnings, JSON lines of about 275 bytes. `errors` is JSON with nothing but
 * errors and their stacks. */
export function sampleLines(format: SampleFormat, count: number): Buffer {
  const dice = new Dice()
  const lines: string[] = []
  for (let index = 0; index < count; index++) lines.push(writers[format](dice, startMs + index))
  return Buffer.from(`${lines.join('\n')}\n`)
}

const writers: Readonly<Record<SampleFormat, (dice: Dice, timeMs: number) => string>> = {
  json(dice, timeMs) {
    const { status, isError, isWarning } = draw(dice)
    return JSON.stringify({
      level: isError ? 50 : isWarning ? 40 : 30,
      time: timeMs,
      pid: 4242,
      hostname: 'web-1',
      req: { id: `req-${dice.below(1e9)}`, method: 'GET', url: path(dice), remoteAddress: address(dice) },
      res: { statusCode: status },
      responseTime: dice.below(20) === 0 ? 700 + dice.below(500) : dice.below(90),
      msg: isError ? problem(dice) : isWarning ? 'the cache was cold' : 'request completed, the answer was sent to the client',
    })
  },
  errors(dice, timeMs) {
    const stack = `Error: ${problem(dice)}\n    at save (/app/src/store.js:${dice.below(300)}:7)\n    at run (/app/src/main.js:12:3)`
    return JSON.stringify({
      level: 50,
      time: timeMs,
      pid: 4242,
      reqId: `req-${dice.below(1e9)}`,
      err: { type: 'Error', stack },
      msg: problem(dice),
    })
  },
  combined(dice, timeMs) {
    const { status } = draw(dice)
    const time = new Date(timeMs).toISOString()
    const day = `${time.slice(8, 10)}/Oct/2025:${time.slice(11, 19)} +0000`
    return `${address(dice)} - - [${day}] "GET ${path(dice)} HTTP/1.1" ${status} ${dice.below(90_000)} "https://example.com/start" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" ${(dice.below(900) / 1000).toFixed(3)}`
  },
  python(dice, timeMs) {
    const { isError, isWarning } = draw(dice)
    const time = new Date(timeMs).toISOString().replace('T', ' ').replace('.', ',').slice(0, 23)
    const head = `${time} - app.worker - ${isError ? 'ERROR' : isWarning ? 'WARNING' : 'INFO'} - `
    if (!isError)
      return `${head}processed frame ${dice.below(1e6)} of camera ${dice.below(40)} in ${dice.below(80)} ms, ${dice.below(9)} detections`
    return `${head}${problem(dice)}\nTraceback (most recent call last):\n  File "/app/worker.py", line ${dice.below(200)}, in run\n    self.save()\nTimeoutError: after ${dice.below(900)} ms`
  },
}

function draw(dice: Dice): { status: number; isError: boolean; isWarning: boolean } {
  const draw = dice.below(100)
  return { status: draw < 2 ? 503 : draw < 5 ? 404 : 200, isError: draw < 2, isWarning: draw >= 2 && draw < 5 }
}

function path(dice: Dice): string {
  return `${dice.one(paths).replace('{id}', String(dice.below(1e6)))}?page=${dice.below(50)}`
}

function problem(dice: Dice): string {
  return dice
    .one(problems)
    .replace('{id}', String(dice.below(1e6)))
    .replace('{ms}', String(dice.below(9000)))
}

/** Nine of ten requests come from 250 addresses, the others from 65,000. */
function address(dice: Dice): string {
  return dice.below(10) > 0 ? `10.0.0.${dice.below(250)}` : `10.1.${dice.below(256)}.${dice.below(256)}`
}
