/** Where in a request the message goes. */
export interface RequestTemplate {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What is put in for `{phone}`, `{text}`, `{id}` and `{token}`. */
export type Values = Readonly<Record<'phone' | 'text' | 'id' | 'token', string>>

interface FilledRequest {
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: Buffer
}

const place = /\{(phone|text|id|token)\}/g

/** A request for one message. Each value is written the way of its place, so that no text can say more than a text. */
export function fillRequest(template: RequestTemplate, values: Values): FilledRequest {
  const fill = (text: string, encode: (value: string) => string): string =>
    text.replaceAll(place, (_, name: keyof Values) => encode(values[name].toWellFormed()))
  const headers = Object.fromEntries(
    Object.entries(template.headers).map(([name, text]) => [
      name.toLowerCase(),
      fill(text, (value) => value.replaceAll(/[^\x20-\x7e]/g, '')),
    ]),
  )
  const type = headers['content-type'] ?? guessType(template.body)
  return {
    url: new URL(fill(template.url, encodeURIComponent)),
    headers: template.body === '' ? headers : { ...headers, 'content-type': type },
    body: Buffer.from(fill(template.body, encoderOf(type))),
  }
}

function guessType(body: string): string {
  return /^\s*[[{]\s*["{[\]}]/.test(body) ? 'application/json' : 'application/x-www-form-urlencoded'
}

function encoderOf(type: string): (value: string) => string {
  if (type.includes('json')) return (value) => JSON.stringify(value).slice(1, -1)
  if (type.includes('x-www-form-urlencoded')) return encodeURIComponent
  if (type.includes('xml'))
    return (value) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  return (value) => value
}
