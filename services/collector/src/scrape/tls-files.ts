import { readFile, stat } from 'node:fs/promises'
import { describeError, EffectError } from '@nightshift/shared/errors'

export interface TlsConfig {
  readonly ca_file?: string | undefined
  readonly cert_file?: string | undefined
  readonly key_file?: string | undefined
  readonly server_name?: string | undefined
  readonly insecure: boolean
}

/** What node:tls wants to hear. */
export interface TlsOptions {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly servername?: string
  readonly rejectUnauthorized: boolean
}

/** Larger than any chain of certificates. */
const maxFileBytes = 1024 * 1024

/** The certificates of a job. Looked at before each use, so that renewed ones are taken without a restart. */
export class TlsFiles {
  readonly #config: TlsConfig
  #version = ''
  #options: TlsOptions | undefined

  constructor(config: TlsConfig) {
    this.#config = config
  }

  /** The same object for as long as no file changes. Throws EffectError `tls_file`. */
  async options(): Promise<TlsOptions> {
    const { ca_file: ca, cert_file: cert, key_file: key, server_name: servername, insecure } = this.#config
    const files = Object.entries({ ca, cert, key }).filter((entry): entry is [string, string] => entry[1] !== undefined)
    // One after the other, so that of several that cannot be read always the same one is named.
    let version = ''
    for (const [name, file] of files) version += `${await versionOf(name, file)} `
    if (this.#options !== undefined && version === this.#version) return this.#options
    const contents = await Promise.all(files.map(async ([name, file]) => [name, await readFile(file)] as const))
    this.#version = version
    this.#options = { ...Object.fromEntries(contents), ...(servername === undefined ? {} : { servername }), rejectUnauthorized: !insecure }
    return this.#options
  }
}

async function versionOf(name: string, file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file)
    if (size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`)
    return `${mtimeMs}/${size}/${ino}`
  } catch (cause) {
    throw new EffectError('tls_file', `cannot read the ${name}_file ${file}: ${describeError(cause)}`, { cause, transient: true })
  }
}
