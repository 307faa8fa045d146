import { createHmac, timingSafeEqual } from 'node:crypto'

/** A signature that is older, or newer, is somebody else's copy. */
const maxAgeSeconds = 300

interface Signed {
  readonly body: Buffer
  /** X-Slack-Request-Timestamp */
  readonly timestamp: string | undefined
  /** X-Slack-Signature */
  readonly signature: string | undefined
}

/** Whether Slack signed this body with the secret, and just now: `v0=` and the HMAC-SHA256 of `v0:<timestamp>:<raw body>` in hex. Takes the same time either way. */
export function isSignedBySlack(secret: string, { body, timestamp, signature }: Signed, nowMs: number): boolean {
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > maxAgeSeconds) return false
  const digest = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')
  const [wanted, given] = [Buffer.from(`v0=${digest}`), Buffer.from(signature)]
  return wanted.byteLength === given.byteLength && timingSafeEqual(wanted, given)
}
