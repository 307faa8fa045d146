import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys'

/** Operator mode with one account and one user, made by hand: what `nsc` would write. */
export function jwtAccount(): { serverConfig: string; creds: string } {
  const [operator, account, user] = [createOperator(), createAccount(), createUser()]
  const limits = { subs: -1, data: -1, payload: -1 }
  const operatorJwt = sign(operator, operator, { type: 'operator' })
  const accountJwt = sign(operator, account, {
    type: 'account',
    limits: { ...limits, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
  })
  const userJwt = sign(account, user, { type: 'user', pub: {}, sub: {}, ...limits })
  const seed = new TextDecoder().decode(user.getSeed())
  return {
    serverConfig: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${account.getPublicKey()}: ${accountJwt} }\njetstream: disabled`,
    creds: `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  }
}

function sign(issuer: KeyPair, subject: KeyPair, claims: Record<string, unknown>): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const sub = subject.getPublicKey()
  const body = { jti: sub, iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), name: sub, sub, nats: { ...claims, version: 2 } }
  const text = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(body)}`
  return `${text}.${Buffer.from(issuer.sign(new TextEncoder().encode(text))).toString('base64url')}`
}
