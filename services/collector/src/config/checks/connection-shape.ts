import { z } from 'zod'

/** The whole path of a file. */
export function absolutePath() {
  return z
    .string()
    .max(4096)
    .regex(/^\/[^\0]*$/, 'write the whole path, starting with /')
}

/** Name or address of a host. Never starts with -, which programs would take for a flag. */
export function hostName() {
  return z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9_:[.][A-Za-z0-9_.:%\]-]*$/, 'is no host name or address')
}

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/
const headerValue = /^[^\r\n\0]*$/

/** Headers of HTTP that are sent. */
export function headers() {
  return z.record(z.string().regex(token), z.string().max(8192).regex(headerValue)).default({})
}

export const headerName = () => z.string().regex(token)

/** How TLS is spoken. */
export const tlsShape = {
  insecure: z.boolean().default(false).describe('Do not verify the certificate'),
  server_name: hostName().optional().describe('Name to ask for and to verify (SNI), when it is not that of the address'),
  ca_file: absolutePath().optional().describe('PEM file of the authorities to trust instead of those of Node'),
  client_certificate: z
    .strictObject({ cert_file: absolutePath(), key_file: absolutePath(), passphrase: z.string().min(1).max(1024).optional() })
    .optional()
    .describe('Certificate to show, and its key, as PEM files'),
}

/** Who asks, over HTTP. */
export function httpAuth() {
  return z
    .union(
      [
        z.strictObject({ username: z.string().min(1).max(1024), password: z.string().max(4096) }),
        z.strictObject({ bearer_token: z.string().min(1).max(8192).regex(headerValue) }),
      ],
      'give username and password (or password_file), or bearer_token (or bearer_token_file)',
    )
    .optional()
}
