/** Enough to tell two errors with the same text apart; more would split one error by its callers. */
const framesKept = 3
const longestStack = 16_384

/** `  File "/app/main.py", line 12, in handler` */
const pythonFrame = /^\s{1,8}File "([^"]{1,400})", line \d{1,9}(?:, in (.{1,200}))?$/
/** `    at handler (file:///app/main.js:12:3)`, `    at /app/main.js:12:3`, `\tat com.example.App.run(App.java:12)` */
const atFrame = /^\s{1,16}at (?:async )?(.{1,400})$/

export interface StackSummary {
  /** Files and functions without line numbers, the place of the error first. */
  readonly frames: readonly string[]
  /** `ValueError`; undefined when the stack does not say. */
  readonly type: string | undefined
}

/** The frames nearest to the error. */
export function summarizeStack(stack: string): StackSummary {
  const lines = stack.slice(0, longestStack).split('\n')
  const python: string[] = []
  const others: string[] = []
  let type: string | undefined
  for (const line of lines) {
    const file = pythonFrame.exec(line)
    if (file !== null) python.push(`${baseName(file[1] ?? '')}:${file[2] ?? ''}`)
    const at = file === null ? atFrame.exec(line) : null
    if (at !== null) others.push(withoutPlace(at[1] ?? ''))
    // The last one of a Python traceback is the one that was raised; of the others it is the first.
    const named =
      file === null && at === null
        ? /^(?:Caused by: )?([A-Za-z_][\w.$]{0,200}?(?:Error|Exception|Exit|Interrupt|Throwable|Warning))(?::|$)/.exec(line)?.[1]
        : undefined
    if (named !== undefined && (type === undefined || python.length > 0)) type = named
  }
  return { frames: (python.length > 0 ? python.toReversed() : others).slice(0, framesKept), type }
}

function withoutPlace(frame: string): string {
  const named = /^(.{1,200}?) ?\((.{0,300})\)$/.exec(frame)
  const name = named?.[1]
  const place = (named?.[2] ?? frame).replaceAll(/:\d{1,9}/g, '')
  return name === undefined ? baseName(place) : `${baseName(place)}:${name}`
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
