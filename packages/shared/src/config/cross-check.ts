import type { ServiceName } from '../subjects.ts'
import type { BaseConfig } from './base.ts'
import { valueAt, type ConfigPath } from './config-path.ts'
import { didYouMean } from './did-you-mean.ts'

/** A value somewhere in the file. */
export interface Found {
  readonly path: ConfigPath
  readonly value: unknown
}

/**
 * The whole configuration as checks across sections see it. `find` and `names` work on what was written, so they also answer when other
 * parts of the file are wrong; `section` and `base` hold what was validated.
 */
export interface ConfigView {
  /** What a pattern names, with `*` for any key or entry: `healer.playbooks.*.check`. Placeholders that are not resolved are left out. */
  find(pattern: string): Found[]
  /** The names in a mapping such as `collector.checks`, those of the defaults when the file does not give it; undefined when nobody knows. */
  names(path: string): string[] | undefined
  /** Undefined when the section is not there, or something in it is wrong. */
  section(service: ServiceName): unknown
  readonly base: BaseConfig | undefined
}

export interface Problem {
  readonly path: ConfigPath
  /** What is shown: the value (unless said otherwise) or its key. */
  readonly on?: 'key' | 'value'
  readonly message: string
  readonly hint?: string | undefined
  /** `error` unless said otherwise; a warning does not stop the configuration from being used. */
  readonly severity?: 'error' | 'warning'
}

/** A pure check across keys or sections, given by a service. Throws never. */
export type CrossCheck = (view: ConfigView) => Problem[]

/** That names of one place exist in another: the check of a playbook among the checks, the channels of a rule among the channels. */
export interface Reference {
  /** Patterns of the values that name something; lists are written `…channels.*`. */
  readonly from: readonly string[]
  /** The mapping whose keys they name. */
  readonly to: string
  /** What is named, in words: `check`. */
  readonly what: string
  /** Names that always exist. */
  readonly also?: readonly string[]
}

/** A cross check that names exist. Where the section that should hold them is not in the file and not run here, it says nothing. */
export function referencesExist(reference: Reference): CrossCheck {
  return (view) => {
    const names = view.names(reference.to)
    if (names === undefined) return []
    const known = [...(reference.also ?? []), ...names]
    const listed =
      known.length === 0 ? `${reference.to} is empty` : `known are ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}`
    return reference.from.flatMap((pattern) =>
      view.find(pattern).flatMap(({ path, value }) => {
        if (typeof value !== 'string' || known.includes(value)) return []
        return [{ path, message: `there is no ${reference.what} "${value}" in ${reference.to}`, hint: didYouMean(value, known) ?? listed }]
      }),
    )
  }
}

/** What a pattern names in plain data. */
export function findAll(data: unknown, pattern: string): Found[] {
  let found: Found[] = [{ path: [], value: data }]
  for (const step of pattern.split('.')) {
    found = found.flatMap(({ path, value }): Found[] => {
      if (Array.isArray(value)) return step === '*' ? value.map((item: unknown, index) => ({ path: [...path, index], value: item })) : []
      if (typeof value !== 'object' || value === null) return []
      if (step === '*') return Object.entries(value).map(([key, item]) => ({ path: [...path, key], value: item as unknown }))
      return Object.hasOwn(value, step) ? [{ path: [...path, step], value: valueAt(value, [step]) }] : []
    })
  }
  return found
}
