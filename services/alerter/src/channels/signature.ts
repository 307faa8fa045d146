import { createHmac } from 'node:crypto'

/**
 * `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<unix seconds>.<body>`. The time is signed too, so that a receiver can refuse an old body that
 * somebody sends again.
 */
export function signatureOf(secret: string, unixSeconds: number, body: Buffer): string {
  const digest = createHmac('sha256', secret).update(`${unixSeconds}.`).update(body).digest('hex')
  return `t=${unixSeconds},v1=${digest}`
}
