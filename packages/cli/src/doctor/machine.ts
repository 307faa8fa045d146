import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isAtLeast } from '@nightshift/shared/bus/bootstrap'
import { reservedFileBytes } from '@nightshift/shared/bus/streams'
import type { BaseConfig } from '@nightshift/shared/config/base'
import { describeError } from '@nightshift/shared/errors'
import { findBrokerBinary } from '../broker/find-binary.ts'
import type { Finding } from './finding.ts'

const gibibyte = 1024 ** 3

/** Node, nats-server and the data folder. */
export function examineMachine(base: BaseConfig | undefined, dataFolder: string, env: NodeJS.ProcessEnv): Finding[] {
  return [examineNode(process.versions.node), examineBroker(base, env), ...examineDataFolder(dataFolder, base)]
}

function examineNode(version: string): Finding {
  return isAtLeast(version, '24.12.0')
    ? { verdict: 'good', what: `Node ${version}` }
    : {
        verdict: 'bad',
        what: `Node ${version} cannot run the sources`,
        advice: 'start with npm start or ./nightshift, which bring a newer one',
      }
}

function examineBroker(base: BaseConfig | undefined, env: NodeJS.ProcessEnv): Finding {
  try {
    const { path, version } = findBrokerBinary(env, base?.up.nats_server)
    if (isAtLeast(version, '2.10.0')) return { verdict: 'good', what: `nats-server ${version} (${path})` }
    const advice = 'it hangs when its disk is full and gets no fixes; put the current release on PATH or in NATS_SERVER'
    return { verdict: 'note', what: `nats-server ${version} (${path}) works, but is old`, advice }
  } catch (error) {
    return { verdict: 'bad', what: 'nats-server', advice: describeError(error) }
  }
}

function examineDataFolder(folder: string, base: BaseConfig | undefined): Finding[] {
  const existing = nearestExisting(folder)
  try {
    accessSync(existing, constants.W_OK)
  } catch {
    return [
      {
        verdict: 'bad',
        what: `data folder ${folder} cannot be written`,
        advice: 'mend its owner and mode, or choose another with --data DIR',
      },
    ]
  }
  const { bavail, bsize } = statfsSync(existing)
  const freeBytes = bavail * bsize
  const needBytes = base === undefined ? 0 : reservedFileBytes(base.streams, base.namespace)
  const space: Finding =
    freeBytes >= needBytes
      ? {
          verdict: 'good',
          what: `data folder ${folder}: ${(freeBytes / gibibyte).toFixed(1)} GiB free, the streams may take ${(needBytes / gibibyte).toFixed(1)}`,
        }
      : {
          verdict: 'bad',
          what: `data folder ${folder}: ${(freeBytes / gibibyte).toFixed(1)} GiB free, but the streams may take ${(needBytes / gibibyte).toFixed(1)}`,
          advice: 'free some, or lower streams.*.max_bytes',
        }
  const isOpen = existing === folder && (statSync(folder).mode & 0o077) !== 0
  return isOpen ? [space, { verdict: 'bad', what: `data folder ${folder} is open to others`, advice: `chmod 700 ${folder}` }] : [space]
}

function nearestExisting(folder: string): string {
  for (let current = folder; ; current = dirname(current)) {
    try {
      statSync(current)
      return current
    } catch {
      if (current === dirname(current)) return current
    }
  }
}
