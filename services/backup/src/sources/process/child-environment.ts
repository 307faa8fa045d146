import { isSecretLookingKey } from '@nightshift/shared/config/secrets'

/** What every program may see of our environment, and what is set for it alone. */
export function childEnvironment(
  extra: Readonly<Record<string, string | undefined>> = {},
  passed: readonly string[] = [],
): Record<string, string> {
  const kept = ['PATH', 'TZ', 'HOME', 'TMPDIR', ...passed].map((name) => [name, process.env[name]] as const)
  const entries = [...kept, ['LC_ALL', 'C'] as const, ...Object.entries(extra)]
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Values of an environment that must not be shown, should the program repeat them. */
export function secretsOf(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => (isSecretLookingKey(name) ? [value] : []))
}
