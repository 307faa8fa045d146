import { parseYaml } from '@nightshift/shared/config/yaml-document'
import { baseConfigSchema, type BaseConfig } from '@nightshift/shared/config/base'
import { readConfigFile } from '@nightshift/shared/config/config-file'
import { createView } from '@nightshift/shared/config/config-view'
import { diagnose } from '@nightshift/shared/config/config-document'
import { formatReport, type Diagnostic } from '@nightshift/shared/config/diagnostic'
import { interpolate } from '@nightshift/shared/config/interpolate'
import { validate } from '@nightshift/shared/config/validate'
import { ConfigError } from '@nightshift/shared/errors'
import type { ChannelConfig } from '@nightshift/alerter/channels/registry'
import { alerterConfigSchema, alerterCrossChecks, type AlerterConfig } from '@nightshift/alerter/config'
import type { Terminal } from '../commands/command.ts'

export interface SimulationConfig {
  readonly base: BaseConfig
  readonly config: AlerterConfig
}

/** Of what all services share, only this matters to who is told what and how. */
const baseKeys = ['timezone', 'locale'] as const
/** What only reaches outside has no part in a simulation, and may hold secrets that are not here. */
const outwardKeys = ['deadman', 'drill'] as const

/**
 * The alerter's part of a configuration, for a simulation: of a channel only its kind is read, so no secret is needed. Throws ConfigError
 * `config_invalid` with everything that is wrong.
 */
export async function openSimulationConfig(file: string | undefined, terminal: Terminal): Promise<SimulationConfig> {
  if (file === undefined) return { base: baseConfigSchema.parse({}), config: alerterConfigSchema.parse({}) }
  const refuse = (diagnostics: readonly Diagnostic[]): never => {
    throw new ConfigError('config_invalid', `the configuration cannot be used\n\n${formatReport(diagnostics, { color: terminal.isTty })}`)
  }
  const content = await readConfigFile(file)
  if (!content.ok) return refuse(content.diagnostics)
  const { document, diagnostics: broken } = parseYaml(file, content.text)
  if (document === undefined) return refuse(broken)
  const { data } = document
  const section = mappingOf(data['alerter'])
  const channels = mappingOf(section['channels'])
  const kinds = new Map(Object.entries(channels).map(([name, channel]) => [name, mappingOf(channel)['kind']]))
  for (const name of kinds.keys()) channels[name] = { kind: 'log' }
  for (const key of outwardKeys) delete section[key]
  for (const key of Object.keys(data)) if (key !== 'alerter' && !baseKeys.some((known) => known === key)) delete data[key]
  const diagnostics = [...broken, ...interpolate(document, terminal.env, () => true)]
  const validated = validate(document, { prefix: ['alerter'], read: () => section, schema: alerterConfigSchema, homesOf: () => [] })
  const readBase = (): unknown => Object.fromEntries(baseKeys.flatMap((key) => (data[key] === undefined ? [] : [[key, data[key]]])))
  const validBase = validate(document, { prefix: [], read: readBase, schema: baseConfigSchema, homesOf: () => [] })
  diagnostics.push(...validated.diagnostics, ...validBase.diagnostics)
  const base = validBase.value as BaseConfig | undefined
  const sections = new Map(validated.value === undefined ? [] : [['alerter', validated.value] as const])
  const schemas = new Map([['alerter', alerterConfigSchema] as const])
  const view = createView({ document, base, schemas, sections, run: new Set(['alerter'] as const) })
  for (const check of alerterCrossChecks) diagnostics.push(...check(view).map((problem) => diagnose(document, { on: 'value', ...problem })))
  if (base === undefined || diagnostics.some(({ severity }) => severity === 'error')) return refuse(diagnostics)
  const config = validated.value as AlerterConfig
  // Not those that the environment adds: a test says the same wherever it runs.
  const named = Object.entries(config.channels).filter(([name]) => (kinds.size === 0 ? name === 'log' : kinds.has(name)))
  const withKinds = named.map(([name, channel]) => [name, { ...channel, kind: kinds.get(name) ?? channel.kind }])
  return { base, config: { ...config, channels: Object.fromEntries(withKinds) as Record<string, ChannelConfig> } }
}

function mappingOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
