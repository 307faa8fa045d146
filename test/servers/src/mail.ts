/** A mail, taken apart as a mail program does it. */
export interface ParsedMail {
  /** Names in lower case; unfolded, encoded words decoded. */
  readonly headers: ReadonlyMap<string, string>
  /** The type of the whole. */
  readonly type: string
  readonly parts: readonly { readonly type: string; readonly text: string }[]
}

/** Takes a mail with text parts apart; throws when it is not one. */
export function parseMail(raw: string): ParsedMail {
  const { headers, body } = split(raw)
  const type = headers.get('content-type') ?? 'text/plain'
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1]
  if (boundary === undefined) return { headers, type, parts: [{ type, text: decode(headers, body) }] }
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const { headers: own, body: content } = split(part.replace(/^\r\n/, ''))
      return { type: own.get('content-type') ?? '', text: decode(own, content) }
    })
  return { headers, type, parts }
}

function split(raw: string): { headers: Map<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n')
  if (end === -1) throw new Error('a mail without a body')
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = /^([!-9;-~]+):[ ]?(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`not a header: ${line}`)
    if (headers.has(name.toLowerCase())) throw new Error(`${name} stands there twice`)
    headers.set(name.toLowerCase(), words(value))
  }
  return { headers, body: raw.slice(end + 4) }
}

/** `=?UTF-8?Q?...?=`; between two of them a space means nothing. */
function words(value: string): string {
  return value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, encoding: string, text: string) =>
      encoding.toUpperCase() === 'B' ? Buffer.from(text, 'base64').toString('latin1') : quoted(text.replaceAll('_', ' ')),
    )
    .replaceAll(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'))
}

function decode(headers: ReadonlyMap<string, string>, body: string): string {
  const encoding = headers.get('content-transfer-encoding') ?? '7bit'
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (encoding === 'quoted-printable') return Buffer.from(quoted(body.replaceAll('=\r\n', '')), 'latin1').toString('utf8')
  return body
}

function quoted(text: string): string {
  return text.replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
