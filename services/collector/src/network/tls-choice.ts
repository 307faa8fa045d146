import { open } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls'
import { describeError, EffectError } from '@nightshift/shared/errors'
import { insideRoot, type HostPaths } from '../procfs/host-paths.ts'
import { onMountOf } from '../mounts/mount-turns.ts'

/** Larger than any chain; what is larger is the wrong file. */
const maxPemBytes = 1024 * 1024

/** How node:tls is told to speak. */
export interface TlsChoice {
  readonly rejectUnauthorized: boolean
  readonly servername?: string
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly passphrase?: string
}

/** Contexts without keys and authorities of their own, by the least version: to make one costs a fifth of a handshake. */
const plainContexts = new Map<SecureVersion, SecureContext>()

interface TlsKeys {
  readonly insecure: boolean
  readonly server_name?: string | undefined
  readonly ca_file?: string | undefined
  readonly client_certificate?: { cert_file: string; key_file: string; passphrase?: string | undefined } | undefined
}

/** Reads the files anew for each run: certificates are renewed without notice. Throws EffectError `unreadable_file`. */
export async function chooseTls(keys: TlsKeys, host: HostPaths, signal: AbortSignal): Promise<TlsChoice> {
  const { client_certificate: client } = keys
  const read = async (path: string): Promise<Buffer> => await readPem(path, host, signal)
  return {
    rejectUnauthorized: !keys.insecure,
    ...(keys.server_name === undefined ? {} : { servername: keys.server_name }),
    ...(keys.ca_file === undefined ? {} : { ca: await read(keys.ca_file) }),
    ...(client === undefined ? {} : { cert: await read(client.cert_file), key: await read(client.key_file) }),
    ...(client?.passphrase === undefined ? {} : { passphrase: client.passphrase }),
  }
}

/** The same with what node:tls would otherwise make anew for each connection. */
export function withContext(
  choice: TlsChoice,
  minVersion: SecureVersion,
): TlsChoice & { minVersion: SecureVersion; secureContext?: SecureContext } {
  if (choice.ca !== undefined || choice.cert !== undefined) return { ...choice, minVersion }
  const secureContext = plainContexts.get(minVersion) ?? createSecureContext({ minVersion })
  plainContexts.set(minVersion, secureContext)
  return { ...choice, minVersion, secureContext }
}

/** A PEM file of the host. */
export async function readPem(path: string, host: HostPaths, signal: AbortSignal): Promise<Buffer> {
  const place = insideRoot(host, path)
  try {
    return await onMountOf(place, signal, async () => await readWhole(place))
  } catch (error) {
    throw new EffectError('unreadable_file', `cannot read ${path}: ${describeError(error)}`, { cause: error })
  }
}

async function readWhole(path: string): Promise<Buffer> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  if (size > maxPemBytes) throw new EffectError('file_too_large', `it has ${size} bytes, and ${maxPemBytes} are allowed`)
  return await file.readFile()
}
