import { dirname, resolve } from 'node:path'
import { amendOrigin, diagnose, originOf, type ConfigDocument } from './config-document.ts'
import { pathKey, valueAt, type ConfigPath } from './config-path.ts'
import type { Diagnostic } from './diagnostic.ts'
import { readBounded } from './read-bounded.ts'
import { secretOfTwin } from './secrets.ts'

/** Larger than any key or token; what is larger is the wrong file. */
const maxSecretBytes = 65_536

export interface SecretFiles {
  readonly diagnostics: Diagnostic[]
  /** Every file that was looked at, so that a change of one can be noticed. */
  readonly files: string[]
}

/**
 * Replaces each `<secret>_file: path` by `<secret>: <content>`. Files are read only below top-level keys that are active; in the others
 * the secret is marked as not known. Relative paths start at the folder of the configuration file.
 */
export async function readSecretFiles(document: ConfigDocument, isActive: (topLevelKey: string) => boolean): Promise<SecretFiles> {
  const diagnostics: Diagnostic[] = []
  const files: string[] = []
  for (const twin of findTwins(document.data, [])) {
    const parent = valueAt(document.data, twin.path.slice(0, -1)) as Record<string, unknown>
    const path = [...twin.path.slice(0, -1), twin.secret]
    const file = parent[twin.key]
    if (Object.hasOwn(parent, twin.secret)) {
      diagnostics.push(
        diagnose(document, {
          path: twin.path,
          on: 'key',
          message: `${twin.secret} and ${twin.key} are both given`,
          hint: 'keep one of them',
        }),
      )
      delete parent[twin.key]
      continue
    }
    const origin = originOf(document, twin.path)
    delete parent[twin.key]
    parent[twin.secret] = ''
    if (origin !== undefined) document.origins.set(pathKey(path), { ...origin, path, isFromOutside: true, writtenAs: twin.path })
    const refuse = (message: string, hint?: string) => {
      diagnostics.push(diagnose(document, { path: twin.path, on: 'value', message, hint }))
      amendOrigin(document, path, { isUnresolved: true })
    }
    if (typeof file !== 'string' || file === '') {
      refuse('must be the path of a file', `the file holds the ${twin.secret}`)
    } else if (origin?.isUnresolved === true || !isActive(String(twin.path[0]))) {
      amendOrigin(document, path, { isUnresolved: true })
    } else {
      const absolute = resolve(dirname(document.source.file), file)
      files.push(absolute)
      const shown = origin?.isFromOutside === true ? 'the file it names' : file
      const content = await readSecret(absolute)
      if (content.ok) parent[twin.secret] = content.text
      else refuse(`${shown} ${content.reason}`, content.hint)
      if (content.ok && content.isExposed)
        diagnostics.push(
          diagnose(document, {
            severity: 'warning',
            path: twin.path,
            on: 'value',
            message: 'other users of this host can read this file',
            hint: `chmod 600 ${origin?.isFromOutside === true ? 'it' : file}`,
          }),
        )
    }
  }
  return { diagnostics, files }
}

interface Twin {
  readonly path: ConfigPath
  readonly key: string
  readonly secret: string
}

function findTwins(value: unknown, path: ConfigPath): Twin[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => findTwins(item, [...path, index]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const secret = path.length === 0 ? undefined : secretOfTwin(key)
    return secret === undefined ? findTwins(item, [...path, key]) : [{ path: [...path, key], key, secret }]
  })
}

type Content = { ok: true; text: string; isExposed: boolean } | { ok: false; reason: string; hint?: string }

/** Kubernetes mounts secrets readable by all in a container where there is nobody else. */
const isMounted = process.env['KUBERNETES_SERVICE_HOST'] !== undefined

/** A secret without the line break that editors and `echo` leave at the end. */
async function readSecret(file: string): Promise<Content> {
  const content = await readBounded(file, maxSecretBytes)
  if (!content.ok) return content
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content.bytes).replace(/\r?\n$/, '')
    const isExposed = (content.mode & 0o004) !== 0 && process.platform !== 'win32' && !isMounted
    return text === '' ? { ok: false, reason: 'is empty' } : { ok: true, text, isExposed }
  } catch {
    return { ok: false, reason: 'is not text in UTF-8' }
  }
}
