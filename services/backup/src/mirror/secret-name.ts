import { isSecretPath } from '../export/secret-names.ts'

const folders = new Set(['.ssh', '.gnupg', '.aws', '.kube', '.docker', 'secrets'])
/** Logins of NATS and their seeds, and settings of an application called after it. */
const endings = ['.creds', '.nk', '.env']

/**
 * Whether something of this path is called as secrets are: such files lie in no place that is not encrypted. Stricter than for an export, which
 * a person looks at: `segments` are the names of the path.
 */
export function isSecretName(segments: readonly string[]): boolean {
  const lower = segments.map((segment) => segment.toLowerCase())
  const name = lower.at(-1) ?? ''
  return (
    isSecretPath(`/${segments.join('/')}`) ||
    lower.slice(0, -1).some((folder) => folders.has(folder)) ||
    endings.some((ending) => name.endsWith(ending))
  )
}
