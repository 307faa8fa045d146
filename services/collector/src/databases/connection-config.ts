import { z } from 'zod'

const file = () => z.string().startsWith('/', 'write the whole path, starting with /').max(4096)

const tlsSchema = z
  .strictObject({
    ca_file: file().optional().describe('Certificates of the authorities to trust, PEM; the default is those of the system'),
    cert_file: file().optional().describe('Own certificate, PEM; with key_file'),
    key_file: file().optional().describe('Key of the own certificate, PEM'),
    server_name: z.string().min(1).max(253).optional().describe('Name that the certificate must have; the default is the host'),
    insecure: z.boolean().default(false).describe('Do not verify the certificate'),
  })
  .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), 'cert_file and key_file go together')

/** How to log in at a database server. Loads zod: only the config child and the command line may import it. */
export function connectionShape(protocols: readonly string[], defaultPort: number) {
  const example = `${protocols[0]}://db.example.com:${defaultPort}`
  return {
    url: z
      .string()
      .max(4096)
      .refine((text) => protocols.includes(URL.parse(text)?.protocol.slice(0, -1) ?? ''), `write a URL like ${example}`)
      .refine((text) => !text.includes('?'), 'write options as keys of their own, such as tls, not behind a ?')
      .optional()
      .describe(`Address, and perhaps login, in one, like ${example}; instead of host, port, user, password and database`),
    host: z.string().min(1).max(253).optional().describe('The default is 127.0.0.1'),
    port: z.int().min(1).max(65_535).optional().describe(`The default is ${defaultPort}`),
    socket: file().optional().describe('Unix socket, instead of host'),
    user: z.string().min(1).max(256).optional(),
    password: z.string().min(1).max(4096).optional(),
    database: z.string().min(1).max(256).optional(),
    tls: tlsSchema.optional().describe('Encrypt the connection; {} verifies the certificate as well'),
  }
}

/** A URL says it all; what stands beside it would not be used. */
export function isOneAddress(connection: { url?: string | undefined; host?: string | undefined; socket?: string | undefined }): boolean {
  const { url, host, socket, ...rest } = connection
  const beside = ['port', 'user', 'password', 'database'].some((key) => rest[key as keyof typeof rest] !== undefined)
  return url === undefined ? host === undefined || socket === undefined : host === undefined && socket === undefined && !beside
}

export const oneAddress = 'give either url, or host (or socket), port, user, password and database'
