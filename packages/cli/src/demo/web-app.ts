import { createServer } from 'node:http'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** The small web app that the demo breaks: a process of its own, on loopback, that writes its pid and ends by itself after ten minutes. */
const { values } = parseArgs({ options: { port: { type: 'string' }, 'pid-file': { type: 'string' } } })
const lifetimeMs = 600_000

const server = createServer((request, response) => {
  const isHealth = request.url === '/health'
  response.writeHead(isHealth ? 200 : 404, { 'content-type': 'application/json' })
  response.end(isHealth ? '{"status":"ok"}\n' : '{"error":"only /health is here"}\n')
})
server.listen(Number(values.port), '127.0.0.1', () => {
  if (values['pid-file'] !== undefined) writeFileSync(values['pid-file'], `${process.pid}\n`)
})
setTimeout(() => process.exit(0), lifetimeMs)
