const names = new Set([
  '.env',
  '.netrc',
  '.pgpass',
  '.my.cnf',
  '.htpasswd',
  '.git-credentials',
  '.dockercfg',
  '.npmrc',
  '.pypirc',
  'id_rsa',
  'id_dsa',
  'id_ecdsa',
  'id_ed25519',
  'kubeconfig',
])
const endings = ['.pem', '.key', '.p12', '.pfx', '.jks', '.keystore', '.kdbx', '.ppk', '.creds', '.nk']
const folders = new Set(['.ssh', '.gnupg', '.aws', '.kube', '.docker'])

/** Whether something of this path is called as secrets are: such files lie in no place that is not encrypted. `segments` are the names of the path. */
export function isSecretName(segments: readonly string[]): boolean {
  const lower = segments.map((segment) => segment.toLowerCase())
  const name = lower.at(-1) ?? ''
  if (lower.slice(0, -1).some((folder) => folders.has(folder) || folder === 'secrets')) return true
  if (names.has(name) || name.startsWith('.env.') || name.endsWith('.env')) return true
  return endings.some((ending) => name.endsWith(ending)) || /^(?:secrets?|credentials?|passwords?)(?:\.|$)/.test(name)
}
