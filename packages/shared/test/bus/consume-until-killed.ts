// A process that handles messages but never gets done with number 3. For a test to kill in the middle of its work.
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { pino } from 'pino'

const [url = ''] = process.argv.slice(2)
const bus = openBus(
  {
    service: 'healer',
    host: 'web-1',
    instance: 'i',
    version: '0.1.0',
    servers: [url],
    spoolDir: null,
    needs: { streams: ['EVENTS'], buckets: [] },
  },
  { clock: systemClock, log: pino({ level: 'silent' }) },
)
bus.consume({
  stream: 'EVENTS',
  durable: 'healer-web-1',
  filter: 'ops.health.web-1.>',
  ackWaitMs: 1000,
  handle: async (message) => {
    const { n } = JSON.parse(new TextDecoder().decode(message.data))
    process.stdout.write(`${n}\n`)
    if (n === 3) await new Promise(() => undefined)
  },
})
