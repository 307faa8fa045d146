import { z } from 'zod'

const text = (max: number) => z.string().min(1).max(max)
const path = text(4096).regex(/^\/[^\0]*$/, 'write the whole path, starting with /')

/** What is to be restored, from when, and where to. */
export const restoreRequestSchema = z
  .strictObject({
    /** A job, or a set of jobs. */
    name: text(64),
    at_time: z.iso.datetime({ offset: true }).nullable().default(null),
    /** An id, or the beginning of one. */
    snapshot: text(64).nullable().default(null),
    /** A destination; the default is the first one that has what is wanted. */
    from: text(64).nullable().default(null),
    paths: z.array(path).max(256).default([]),
    databases: z.array(text(256)).max(256).default([]),
    tables: z.array(text(256)).max(256).default([]),
    where: text(8192).nullable().default(null),
    to: path.nullable().default(null),
    in_place: z.boolean().default(false),
    /** Rows that are there already stay as they are. */
    keep_rows: z.boolean().default(false),
    safety: z.boolean().default(true),
  })
  .superRefine((request, context) => {
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message })
    if (request.at_time !== null && request.snapshot !== null) refuse('give either a time or a snapshot')
    if (request.to !== null && request.in_place) refuse('give either a folder, or in place')
    if (request.where !== null && request.tables.length !== 1) refuse('a condition needs exactly one table')
    if (request.where !== null && !request.in_place)
      refuse('rows that fit a condition are brought back into the live table: say in place too')
    if (request.tables.length > 0 && request.paths.length > 0) refuse('give either paths or tables')
    if (request.to !== null && request.tables.length > 0) refuse('a folder gets the dump as it is; leave the tables out')
  })
export type RestoreRequest = z.output<typeof restoreRequestSchema>
