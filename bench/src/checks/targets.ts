import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** Everything that the benchmark of checks looks at, in a process of its own so that it costs the collector nothing: `node targets.ts PORTS FOLDER`. */
const [ports = '', folder = ''] = process.argv.slice(2)
const [httpPort, tcpPort, tlsPort, dnsPort] = ports.split(',').map(Number)
const address = '127.0.0.1'

const http = createServer((_, response) => {
  response.setHeader('content-type', 'application/json').end('{"status":"up","queue":{"length":3}}')
})
http.on('upgrade', (request, socket) => {
  // RFC 6455: the key and this text, hashed, prove that the server speaks the protocol.
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.on('error', () => undefined)
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`)
  socket.write(Buffer.from([0x81, 2, 0x75, 0x70]))
  socket.on('data', () => socket.end(Buffer.from([0x88, 0])))
})
http.listen(httpPort, address)

createTcpServer((socket) => socket.on('error', () => undefined).resume()).listen(tcpPort, address)

if (tlsPort !== undefined && tlsPort > 0) {
  const options = { key: readFileSync(`${folder}/tls.key`), cert: readFileSync(`${folder}/tls.pem`) }
  const tls = createTlsServer(options, (socket) => socket.on('error', () => undefined).resume())
  tls.on('tlsClientError', () => undefined)
  tls.listen(tlsPort, address)
}

const dns = createSocket('udp4')
dns.on('message', (question, from) => {
  // The question again, and one address that answers it.
  const header = Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
  const end = question.indexOf(0, 12) + 5
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7])
  dns.send(Buffer.concat([question.subarray(0, 2), header, question.subarray(12, end), answer]), from.port, from.address)
})
dns.bind(dnsPort, address, () => process.stdout.write('targets are up\n'))
