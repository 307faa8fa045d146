import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { Clock } from '@nightshift/shared/clock'
import { Hono } from 'hono'
import type { Locale } from '../fleet/event-texts.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Assets } from './assets.ts'
import { isAllowedHost, isForeignSite } from './host-header.ts'
import { renderPage } from './page.ts'
import { securityHeaders } from './security-headers.ts'
import { describeState, type ConsoleStatus } from './snapshot.ts'
import type { Viewers } from './viewers.ts'

export interface ConsoleOptions {
  fleet: Fleet
  viewers: Viewers
  assets: Assets
  clock: Clock
  locale: Locale
  status(): ConsoleStatus
  allowedHosts(): readonly string[]
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

const jsonType = 'application/json; charset=utf-8'

/** The console as a part of any HTTP listener: answers its own paths, says false to all others. */
export function createConsole(options: ConsoleOptions): Handler {
  const listener = getRequestListener(createApp(options).fetch, { overrideGlobalObjects: false })
  return async (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const isOurs =
      path === '/' || path === '/favicon.ico' || path === '/api/v1/state' || path === '/api/v1/stream' || path.startsWith('/assets/')
    if (isOurs) await listener(request, response)
    return isOurs
  }
}

function createApp(options: ConsoleOptions): Hono<{ Bindings: HttpBindings }> {
  const { fleet, viewers, assets, clock, locale } = options
  const app = new Hono<{ Bindings: HttpBindings }>()
  const assetsPath = `/assets/${assets.hash}`

  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value)
    context.header('cache-control', 'no-store')
    const { method } = context.req
    if (method !== 'GET' && method !== 'HEAD') {
      return context.json({ error: 'method_not_allowed', message: 'only GET and HEAD are answered here' }, 405, { allow: 'GET, HEAD' })
    }
    if (!isAllowedHost(context.req.header('host'), options.allowedHosts())) {
      const message = 'this name is not one of the console; open it as localhost, or add the name to reporter.allowed_hosts'
      return context.json({ error: 'host_not_allowed', message }, 403)
    }
    if (context.req.path.startsWith('/api/') && isForeignSite(context.req.header('sec-fetch-site'))) {
      return context.json({ error: 'foreign_site', message: 'the API answers the console and scripts, not pages of other sites' }, 403)
    }
    return next()
  })

  app.get('/', (context) => context.html(renderPage({ title: options.status().title, locale, assetsPath })))
  app.get('/favicon.ico', (context) => context.redirect(`${assetsPath}/favicon.svg`, 302))

  app.get('/assets/:hash/:name', (context) => {
    const asset = context.req.param('hash') === assets.hash ? assets.files.get(context.req.param('name')) : undefined
    if (asset === undefined) return context.json({ error: 'not_found', message: 'reload the page: the console has changed' }, 404)
    return context.body(asset.body, 200, { 'content-type': asset.contentType, 'cache-control': 'public, max-age=31536000, immutable' })
  })

  app.get('/api/v1/state', (context) =>
    context.body(JSON.stringify(describeState(fleet, options.status(), clock.now())), 200, { 'content-type': jsonType }),
  )

  app.get('/api/v1/stream', (context) => {
    if (context.req.method === 'HEAD') return context.body(null, viewers.isFull ? 503 : 200)
    const stream = viewers.open(() => context.env.outgoing.destroy())
    if (stream === undefined) {
      const message = 'too many browsers watch already; try again later, or raise reporter.max_viewers'
      return context.json({ error: 'too_many_viewers', message }, 503, { 'retry-after': '10' })
    }
    return context.body(stream, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
  })

  app.notFound((context) => context.json({ error: 'not_found', message: 'there is nothing here; the console is at /' }, 404))
  return app
}
