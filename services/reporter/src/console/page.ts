import { html } from 'hono/html'
import type { Locale } from '../fleet/event-texts.ts'

const noScript: Record<Locale, string> = {
  en: 'This page needs JavaScript. The same facts as JSON: ',
  ko: '이 페이지에는 JavaScript가 필요합니다. 같은 내용의 JSON: ',
}

/** The shell of the one page; everything in it is drawn by client/main.js. */
export function renderPage(options: { title: string; locale: Locale; assetsPath: string }) {
  const { title, locale, assetsPath } = options
  return html`<!doctype html>
    <html lang="${locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="${assetsPath}/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="${assetsPath}/style.css" />
        <link rel="stylesheet" href="${assetsPath}/panels.css" />
        <script type="module" src="${assetsPath}/main.js"></script>
      </head>
      <body data-title="${title}">
        <div id="app"></div>
        <noscript>${noScript[locale]}<a href="/api/v1/state">/api/v1/state</a></noscript>
      </body>
    </html> `
}
