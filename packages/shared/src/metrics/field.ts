export type FieldKind = 'gauge' | 'counter'

export interface Field {
  readonly kind: FieldKind
  readonly help: string
}

export interface Group {
  readonly help: string
  /** Scalars of the host, in `fields`. */
  readonly fields: Readonly<Record<string, Field>>
  /** Things of a kind, in `items`: what labels them, and their fields. */
  readonly items?: { readonly labels: readonly string[]; readonly fields: Readonly<Record<string, Field>> }
}

export const gauge = (help: string): Field => ({ kind: 'gauge', help })
export const counter = (help: string): Field => ({ kind: 'counter', help })
