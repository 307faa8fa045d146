import { z } from 'zod'
import { duration, size } from '@nightshift/shared/config/scalars'
import { passwordSchema } from './password.ts'

const kibibyte = 1024
const mebibyte = 1024 ** 2

const sharedShape = {
  password: passwordSchema.optional().describe('Of this repository; the default is backup.password'),
  off_site: z.boolean().default(false).describe('It survives the loss of the place where this host stands; counts for the 3-2-1 rule'),
  bandwidth: size({ min: 16 * kibibyte })
    .optional()
    .describe('Bytes a second, both ways; the default is no limit'),
}

const localSchema = z
  .strictObject({
    kind: z.literal('local'),
    path: z
      .string()
      .max(4096)
      .regex(/^\/[^\0]*[^/\0][^\0]*$/, 'write the whole path of a folder, starting with /')
      .describe('Folder of the repository'),
    ...sharedShape,
  })
  .describe('A folder: a disk, a share that is mounted')

const prefixPattern = /^(?!\/)(?!.*\/\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^\0\\]{1,512}(?<!\/)$/

const endpoint = z
  .string()
  .max(1024)
  .superRefine((address, context) => {
    const refuse = (message: string, hint: string) => context.addIssue({ code: 'custom', message, params: { hint } })
    const url = URL.parse(address)
    if (url === null || !['http:', 'https:'].includes(url.protocol))
      refuse('is not the address of a server', 'write for example https://s3.example.com')
    else if (url.username !== '' || url.password !== '')
      refuse('holds a login, which would not be used', 'put it into access_key_id and secret_access_key')
    else if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
      refuse('has more than a host and a port', 'the bucket belongs into bucket, and a folder in it into prefix')
  })

const s3Schema = z
  .strictObject({
    kind: z.literal('s3'),
    endpoint: endpoint.optional().describe('Address of the server; the default is Amazon, in the region'),
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is not the name of a bucket: 3 to 63 of a-z, 0-9, dot and -')
      .describe('It must exist'),
    prefix: z
      .string()
      .regex(prefixPattern, 'must not begin or end with /, nor hold //, . or ..')
      .optional()
      .describe('Folder in the bucket'),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, 'is not the name of a region')
      .default('auto')
      .describe('auto suits servers that have none'),
    access_key_id: z.string().min(1).max(256).optional().describe('With secret_access_key; the default is what the environment gives'),
    secret_access_key: z.string().min(1).max(1024).optional().describe('Use ${VARIABLE}'),
    path_style: z.boolean().optional().describe('Bucket in the path, not in the host name; the default is true with an endpoint'),
    storage_class: z
      .string()
      .regex(/^[A-Z0-9_]{1,64}$/, 'is not a storage class; write for example STANDARD_IA')
      .refine((name) => !['GLACIER', 'DEEP_ARCHIVE'].includes(name), 'cannot be read at once; choose GLACIER_IR or another')
      .optional()
      .describe('Of the packs; what is read often (index, snapshots, locks) stays in the standard class'),
    encryption: z.enum(['AES256', 'aws:kms']).optional().describe('Encryption by the server, beside ours'),
    kms_key_id: z.string().min(1).max(512).optional().describe('Key of aws:kms'),
    lock: z
      .strictObject({
        mode: z.enum(['governance', 'compliance']).default('governance').describe('compliance: nobody can shorten it, not even its owner'),
        retain: duration({ min: 86_400_000 }).describe('Nothing can be removed sooner, so that pruning frees space later'),
      })
      .optional()
      .describe('Object Lock; the bucket must have been made with it'),
    timeout: duration({ min: 1000, max: 3_600_000 }).prefault('60s').describe('Silence of the server after which a request is tried again'),
    ...sharedShape,
  })
  .superRefine(
    (s3, context) => {
      const refuse = (key: string, message: string, hint: string) =>
        context.addIssue({ code: 'custom', path: [key], message, params: { hint } })
      if (s3?.access_key_id !== undefined && s3.secret_access_key === undefined)
        refuse('access_key_id', 'is of no use without secret_access_key', 'add secret_access_key: ${VARIABLE}')
      if (s3?.secret_access_key !== undefined && s3.access_key_id === undefined)
        refuse('secret_access_key', 'is of no use without access_key_id', 'add access_key_id')
      if (s3?.endpoint === undefined && (s3?.region === undefined || s3.region === 'auto'))
        refuse('region', 'is needed where there is no endpoint', 'write for example region: eu-central-1, or give an endpoint')
      if (s3?.kms_key_id !== undefined && s3.encryption !== 'aws:kms')
        refuse('kms_key_id', 'is of no use here', 'write encryption: aws:kms, or remove it')
    },
    { when: isMapping },
  )
  .describe('A bucket of any server that speaks S3')

/** The form of names that nats-server takes for the streams behind object stores. */
const natsSchema = z
  .strictObject({
    kind: z.literal('nats'),
    bucket: z.string().regex(/^[-\w]{1,128}$/, 'is not the name of an object store: letters, digits, - and _'),
    max_bytes: size({ min: 64 * mebibyte, max: 1024 ** 5 })
      .prefault('64GiB')
      .describe('The object store takes no more; used when init makes it'),
    replicas: z.int().min(1).max(5).default(1).describe('Servers that keep a copy; used when init makes it'),
    ...sharedShape,
  })
  .describe('An object store of the bus to which this host is connected')

/** Where snapshots are stored. To add a kind: here, and in destinations/registry.ts. */
export const destinationSchema = z.discriminatedUnion('kind', [localSchema, s3Schema, natsSchema])
export type DestinationConfig = z.infer<typeof destinationSchema>
export type DestinationConfigOf<K extends DestinationConfig['kind']> = Extract<DestinationConfig, { kind: K }>

/** Checks across keys run beside other errors, on whatever was written. */
function isMapping(payload: { value: unknown }): boolean {
  return typeof payload.value === 'object' && payload.value !== null
}
