import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os'

const gibibyte = 1024 ** 3

/** What the figures were measured on, in one line. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor'
  const memory = Math.round(totalmem() / gibibyte)
  return `${availableParallelism()} cores (${model}), ${memory} GiB, ${type()} ${release()} ${arch()}, Node ${process.versions.node}`
}
