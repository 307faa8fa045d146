import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ConfigError } from '@nightshift/shared/errors'

export interface BrokerBinary {
  path: string
  version: string
}

/** The nats-server to run: the configured one, NATS_SERVER (the bootstrap sets it), else the one on PATH. Throws ConfigError `no_nats_server`. */
export function findBrokerBinary(env: NodeJS.ProcessEnv, configured?: string): BrokerBinary {
  const named = configured ?? env['NATS_SERVER']
  const candidates = named === undefined ? (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats-server')) : [named]
  const path = candidates.find(isExecutable)
  if (path === undefined) {
    throw new ConfigError('no_nats_server', 'no nats-server found; start with npm start, which brings one, or set NATS_SERVER to its path')
  }
  const output = execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 5000 })
  const version = /v?(\d+\.\d+\.\d+)/.exec(output)?.[1]
  if (version === undefined) throw new ConfigError('no_nats_server', `${path} does not say its version; is it a nats-server?`)
  return { path, version }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
