import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'
import { connectionShape, isOneAddress, oneAddress } from './source-config.ts'

const statement = () =>
  z
    .string()
    .min(1)
    .max(65_536)
    .refine((text) => text.trim() !== '', 'is empty')

export const ruleSchema = z
  .strictObject({
    query: statement().describe('One statement; it can change nothing'),
    expect: z
      .union([
        z.strictObject({ rows: z.int().min(0).max(1000).describe('So many rows, such as 0 orders without a customer') }),
        z.strictObject({ value: z.union([z.number(), z.string().max(1024), z.boolean()]).describe('First column of the first row') }),
        z
          .strictObject({ min: z.number().optional(), max: z.number().optional() })
          .refine(({ min, max }) => min !== undefined || max !== undefined, 'say min, max or both')
          .describe('Bounds of the first column of the first row'),
      ])
      .prefault({ rows: 0 }),
    severity: z.enum(['warning', 'error']).default('error'),
    repair: statement().optional().describe('A statement that puts it right; run only when a person asks for repairs, in one transaction'),
  })
  .describe('What must hold for the data')

const shared = {
  rules: z.record(configName(), ruleSchema).default({}),
  timeout: duration({ min: 1000, max: 86_400_000 }).prefault('1h'),
}

const sqliteIntegritySchema = z
  .strictObject({
    kind: z.literal('sqlite'),
    path: z
      .string()
      .max(4096)
      .regex(/^\/[^\0]*$/, 'write the whole path, starting with /'),
    ...shared,
  })
  .describe('integrity_check, foreign keys, and the rules')

const postgresIntegritySchema = z
  .strictObject({
    kind: z.literal('postgres'),
    ...connectionShape(['postgres', 'postgresql'], 5432),
    database: z.string().min(1).max(63).optional().describe('The default is the one that the url names'),
    deep: z.boolean().default(false).describe('Compare each index with its table too; reads everything'),
    ...shared,
  })
  .refine(isOneAddress, oneAddress)
  .describe('amcheck where it is installed, else every row is read; indexes, statistics, age, and the rules')

const mysqlIntegritySchema = z
  .strictObject({
    kind: z.literal('mysql'),
    ...connectionShape(['mysql', 'mariadb'], 3306),
    database: z.string().min(1).max(64).optional().describe('The default is the one that the url names'),
    ...shared,
  })
  .refine(isOneAddress, oneAddress)
  .describe('CHECK TABLE, foreign keys, and the rules')

/** Databases whose integrity is checked, by name. */
export const integritySchema = z.record(
  configName(),
  z.discriminatedUnion('kind', [sqliteIntegritySchema, postgresIntegritySchema, mysqlIntegritySchema]),
)
export type IntegrityConfig = z.infer<typeof integritySchema>[string]
export type IntegrityConfigOf<K extends IntegrityConfig['kind']> = Extract<IntegrityConfig, { kind: K }>
export type IntegrityRule = z.infer<typeof ruleSchema>
