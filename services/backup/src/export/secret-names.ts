/** Names of files that hold secrets, as people name them. They stay in the encrypted repository: an export is for everybody to open. */
const patterns: readonly RegExp[] = [
  /^\.env(?:\..+)?$/i,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg)$/i,
  /^id_(?:rsa|dsa|ecdsa|ed25519)(?:\..*)?$/i,
  /^(?:\.pgpass|\.my\.cnf|\.netrc|_netrc|\.npmrc|\.pypirc|\.git-credentials|\.htpasswd|\.vault-token|\.dockercfg|shadow-?|gshadow-?|kubeconfig)$/i,
  /^(?:.*[._-])?(?:secrets?|credentials?|passwords?|passwd|tokens?)(?:[._-].*)?$/i,
]

/** What is public by its nature, or holds no values. */
const harmless: readonly RegExp[] = [/^\.env\.(?:example|sample|template|dist)$/i, /\.pub$/i, /^passwd-?$/]

/** Dumps of roles and users with the hashes of their passwords, where our sources put them. */
const accountDumps: ReadonlySet<string> = new Set(['/postgres/globals.sql', '/mysql/users.sql'])

/** Whether a path looks like that of a secret. */
export function isSecretPath(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (accountDumps.has(path)) return true
  return patterns.some((pattern) => pattern.test(name)) && !harmless.some((pattern) => pattern.test(name))
}
