/** Where a value stands: keys and list positions from the root of the file. */
export type ConfigPath = readonly (string | number)[]

const maxPathLength = 200

/** `collector.checks.web.every`, `nats.servers[1]`, `labels["a.b"]`. */
export function formatPath(path: ConfigPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^(?:[\p{L}\p{N}_-]+|<<)$/u.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step.length > 64 ? `${step.slice(0, 63)}…` : step)}]`
  }
  return text.length > maxPathLength ? `${text.slice(0, maxPathLength / 2)}…${text.slice(-maxPathLength / 4)}` : text
}

/** The same for the same path, different for any other; for use as a key of a Map. */
export function pathKey(path: ConfigPath): string {
  return JSON.stringify(path)
}

/** The value at a path, or undefined. Never looks at prototypes. */
export function valueAt(data: unknown, path: ConfigPath): unknown {
  let value = data
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

/** Puts a value at a path whose parent exists. */
export function setValueAt(data: unknown, path: ConfigPath, value: unknown): void {
  const parent = valueAt(data, path.slice(0, -1))
  const step = path.at(-1)
  if (typeof parent === 'object' && parent !== null && step !== undefined) (parent as Record<string | number, unknown>)[step] = value
}
