import { z } from 'zod'
import { metricGroupSchema } from '@nightshift/shared/events/metric'
import { eventSchemas } from '@nightshift/shared/events/registry'
import { catalogue, type GroupName } from '@nightshift/shared/metrics/catalogue'
import { kinds, type Kind } from '@nightshift/shared/subjects'

export type JsonSchema = { [key: string]: unknown; description?: string; properties?: Record<string, JsonSchema>; required?: string[] }

/** JSON Schema (2020-12) of an event as a reader should take it: unknown fields are allowed. */
export function eventJsonSchema(kind: Kind): JsonSchema {
  return { title: `${kind} event`, ...(z.toJSONSchema(eventSchemas[kind], { io: 'input' }) as JsonSchema) }
}

/** One file per event, `docs/schemas/<kind>.json`, and one per metric group, with its fields spelled out. */
export function renderJsonSchemas(): Map<string, string> {
  return new Map([
    ...kinds.map((kind) => renderFile(kind, eventJsonSchema(kind))),
    ...groups.map((group) => renderFile(`metric-${group}`, metricJsonSchema(group))),
  ])
}

const groups = Object.keys(catalogue) as GroupName[]

function metricJsonSchema(group: GroupName): JsonSchema {
  return { title: `metric event of the group ${group}`, ...(z.toJSONSchema(metricGroupSchema(group), { io: 'input' }) as JsonSchema) }
}

function renderFile(name: string, schema: JsonSchema): [path: string, text: string] {
  return [`docs/schemas/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`]
}
