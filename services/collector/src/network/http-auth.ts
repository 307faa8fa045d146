/** Who asks: a user with a password, or a token. */
export type HttpAuth = { readonly username: string; readonly password: string } | { readonly bearer_token: string }

/** The header that says so. */
export function authorization(auth: HttpAuth | undefined): Record<string, string> {
  if (auth === undefined) return {}
  if ('bearer_token' in auth) return { authorization: `Bearer ${auth.bearer_token}` }
  return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` }
}
