import { nearest } from './did-you-mean.ts'
import type { ConfigPath } from './config-path.ts'

/**
 * The keys that hold secrets. Each has a twin `<key>_file` that names a file with its value; a schema declares only the key itself.
 */
export const secretKeys = [
  'access_token',
  'api_key',
  'auth_token',
  'bearer_token',
  'bot_token',
  'client_secret',
  'dsn',
  'hmac_secret',
  'nkey',
  'passphrase',
  'password',
  'private_key',
  'secret',
  'secret_access_key',
  'secret_key',
  'signing_secret',
  'token',
  'url',
  'webhook_url',
] as const

/** Stands in messages where a value must not. */
export const hiddenText = '«hidden»'

const twins = new Map<string, string>(secretKeys.map((key) => [`${key}_file`, key]))

/** The secret that a key such as `password_file` fills, or undefined. */
export function secretOfTwin(key: string): string | undefined {
  return twins.get(key)
}

/** The keys of a mapping as a person may write them: secrets with their twins. */
export function withTwins(keys: readonly string[]): string[] {
  return keys.flatMap((key) => (isSecretKey(key) ? [key, `${key}_file`] : [key]))
}

export function isSecretKey(key: string): boolean {
  return (secretKeys as readonly string[]).includes(key)
}

/** Long words say so wherever they stand in a key, short ones only as a word of their own. */
const secretWord =
  /password|passwd|passphrase|secret|token|credential|nkey|hmac|bearer|cookie|webhook|api_?key|private_?key|(?:^|_)(?:seed|pass|passcode|pwd|pw|cred|auth|authorization|dsn|ur[il]|jwt|(?:access|signing|encryption)_?key)s?(?:_|$)/

/** Keys whose every value may be a secret, whatever it is called. */
const secretContainers = new Set(['headers', 'env', 'environment', 'secrets', 'credentials'])

/**
 * Whether the value at a path must not be printed: its key is a secret's, resembles one (also mistyped), or stands among such. An
 * address is a secret only when it has more than scheme, host and port.
 */
export function isSecretValue(path: ConfigPath, value: unknown): boolean {
  const keys = path.filter((step) => typeof step === 'string')
  const key = keys.at(-1)
  if (keys.slice(0, -1).some((outer) => isSecretKey(outer) || secretContainers.has(outer.toLowerCase()))) return true
  if (key === undefined || !isSecretLookingKey(key)) return false
  return !(/^ur[il]$/i.test(key) && typeof value === 'string' && /^(?:["']?[a-z+]*:\/\/)?[^/@?#]*\/?["']?$/i.test(value))
}

export function isSecretLookingKey(key: string): boolean {
  let answer = answers.get(key)
  if (answer === undefined) {
    answer = resemblesSecret(key)
    if (answers.size >= maxAnswers) answers.clear()
    answers.set(key, answer)
  }
  return answer
}

/** The same few keys are asked about for every value of a file. */
const answers = new Map<string, boolean>()
const maxAnswers = 1000

function resemblesSecret(key: string): boolean {
  const name = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s.-]+/g, '_')
    .toLowerCase()
  if (name.endsWith('_file')) return false
  return secretWord.test(name) || nearest(name, secretKeys) !== undefined
}

/** Where in a text a secret seems to begin: behind `password: `, `--token=`, or `secret ` (a colon may be missing). */
export function findAssignedSecret(text: string): number | undefined {
  for (const match of text.matchAll(/([\p{L}\p{N}_.-]+)["']?(?:\s*[:=]\s*|\s+)/gu)) {
    const end = match.index + match[0].length
    if (end < text.length && isSecretLookingKey((match[1] ?? '').replace(/^-+/, ''))) return end
  }
  return undefined
}

/** Hides the login in addresses such as `nats://user:password@host`. */
export function hideLogins(text: string): string {
  return text.replaceAll(/([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^\s@]+@/g, `$1${hiddenText}@`)
}

/** Hides a value wherever a text repeats it; a short one only where it stands alone, so that words are not cut up. */
export function hideValue(text: string, value: string): string {
  if (value === '') return text
  if (value.length >= 4) return text.replaceAll(value, hiddenText)
  const escaped = value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  return text.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'gu'), hiddenText)
}
