export interface MaskRule {
  readonly name: string
  readonly pattern: RegExp
  /** What stands in place of it; `$1` is kept. */
  readonly replacement: string
  /** In place of the replacement: looks at what was found once more, and gives it back without the secret, or as it is. */
  readonly rewrite?: (found: string) => string
}

export const maskText = '[redacted]'
const cardText = '[card]'

/** Names under which secrets stand, in any style: `apiKey`, `X-Api-Key`, `AWS_SECRET_ACCESS_KEY`, `session_id`. */
const secretName =
  '[A-Za-z0-9_.-]{0,64}?(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|encryption[_-]?key|auth[_-]?key|credentials?|authorization|session[_-]?id|sessionid|csrf|otp|pin[_-]?code|signature)[A-Za-z0-9_.-]{0,32}'
/** Quotes as they stand, and escaped once or twice as in JSON in JSON. */
const openQuote = String.raw`\\{0,3}["']`

/** In this order: what spans more comes first. Every repeat is bounded or stops at what cannot be in it. */
export const secretRules: readonly MaskRule[] = [
  {
    name: 'private key',
    pattern: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    replacement: maskText,
  },
  { name: 'JWT', pattern: /\beyJ[A-Za-z0-9_=-]{4,}\.[A-Za-z0-9_=-]{2,}(?:\.[A-Za-z0-9_=.+/-]*)?/g, replacement: maskText },
  // The password may hold anything but a blank or a slash, an @ too: up to the last one.
  {
    name: 'user and password in a URL',
    pattern: /([A-Za-z][A-Za-z0-9+.-]{0,31}:\/\/)[^\s/?#"'<>]{1,2048}@/g,
    replacement: `$1${maskText}@`,
  },
  {
    name: 'authorization header',
    pattern: /(authorization\\{0,3}["']?\s{0,4}[:=]\s{0,4}\\{0,3}["']?(?:[A-Za-z][A-Za-z0-9-]{0,30}[ \t]{1,4})?)[^\s"',;\\]{1,8192}/gi,
    replacement: `$1${maskText}`,
  },
  {
    name: 'scheme and token',
    pattern: /\b(Bearer|Basic|Negotiate|ApiKey|Token)([ \t]{1,4}|%20|\+)[A-Za-z0-9._~+/=-]{8,}/gi,
    replacement: `$1$2${maskText}`,
  },
  {
    // When a value is not closed it may end in the name of the next one: what follows that is masked too.
    name: 'quoted value of a secret name',
    pattern: new RegExp(
      String.raw`(${secretName}\\{0,3}["']?\s{0,4}(?:=>|:=|[:=])\s{0,4}[bru]?${openQuote})(?:(?!\\{0,3}["'])[^\r\n]){1,8192}(?:(?:(?<=[=:] ?)${openQuote}|${openQuote}\s{0,4}[:=]\s{0,4}(?:${openQuote})?)(?:(?!\\{0,3}["'])[^\r\n]){0,8192}){0,4}`,
      'gi',
    ),
    replacement: `$1${maskText}`,
  },
  {
    name: 'value of a secret name',
    pattern: new RegExp(
      String.raw`(${secretName}\\{0,3}["']?\s{0,4}(?:=>|:=|[:=]|%3D)\s{0,4})(?!\[redacted\])[^\s"',;&\\)}\]]{1,8192}`,
      'gi',
    ),
    replacement: `$1${maskText}`,
  },
  // After the names, of which it may swallow one and leave the value.
  {
    name: 'cookie header',
    pattern: /((?:set-)?cookie\\{0,3}["']?\s{0,4}[:=]\s{0,4}\\{0,3}["']?)[^\r\n"'\\]{1,8192}/gi,
    replacement: `$1${maskText}`,
  },
  { name: 'AWS key id', pattern: /\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}/g, replacement: maskText },
  { name: 'GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})/g, replacement: maskText },
  {
    name: 'GitLab, npm, Stripe and other named tokens',
    pattern: /\b(?:glpat-|npm_|sk_live_|sk_test_|rk_live_|whsec_|pypi-|dop_v1_|hf_|shpat_|sq0[a-z]{3}-|SG\.)[A-Za-z0-9._-]{16,255}/g,
    replacement: maskText,
  },
  { name: 'API key that begins with sk-', pattern: /\bsk-[A-Za-z0-9_-]{20,255}/g, replacement: maskText },
  { name: 'Slack token', pattern: /\bxox[a-z]-[A-Za-z0-9-]{8,255}/g, replacement: maskText },
  { name: 'Slack webhook', pattern: /(hooks\.slack\.com\/(?:services|workflows)\/)[A-Za-z0-9/_-]{8,255}/g, replacement: `$1${maskText}` },
  { name: 'Google key', pattern: /\b(?:AIza[A-Za-z0-9_-]{30,60}|ya29\.[A-Za-z0-9_-]{16,1024})/g, replacement: maskText },
  { name: 'NATS seed', pattern: /\bS[UAONCX][A-Z2-7]{40,80}/g, replacement: maskText },
  { name: 'Telegram token', pattern: /\b\d{8,10}:AA[A-Za-z0-9_-]{30,40}/g, replacement: maskText },
  { name: 'card number', pattern: /(?<![\w.])\d(?:[ -]?\d){12,63}/g, replacement: cardText, rewrite: withoutCards },
  { name: 'resident number', pattern: /(?<!\d)\d{2}[01]\d[0-3]\d-[1-8]\d{6}(?!\d)/g, replacement: maskText },
]

export const emailRule: MaskRule = {
  name: 'e-mail address',
  pattern: /[A-Za-z0-9._%+'-]{1,64}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/g,
  replacement: '[email]',
}

/** Groups of digits, and what stands between them, without those groups in a row that are a card number. */
function withoutCards(found: string): string {
  const parts = found.split(/([ -])/)
  for (let from = 0; from < parts.length; from += 2) {
    let digits = ''
    for (let to = from; to < parts.length && digits.length < 19; to += 2) {
      digits += parts[to]
      if (!isCardNumber(digits)) continue
      parts.splice(from, to - from + 1, cardText)
      break
    }
  }
  return parts.join('')
}

/** The check digit of Luhn, and a first digit that issuers use. Numbers of 16 digits that are none are common. */
function isCardNumber(digits: string): boolean {
  if (!/^[2-6]\d{12,18}$/.test(digits)) return false
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index])
    const doubled = digit * 2
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
