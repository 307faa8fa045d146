// A process that publishes events, one after the other, and prints the id of each that was promised. For a test to kill.
import { systemClock } from '@nightshift/shared/clock'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { newId } from '@nightshift/shared/ids'
import { pino } from 'pino'

const [url = '', spoolDir = ''] = process.argv.slice(2)
const bus = openBus(
  {
    service: 'collector',
    host: 'web-1',
    instance: 'i',
    version: '0.1.0',
    servers: [url],
    spoolDir,
    needs: { streams: ['EVENTS'], buckets: [] },
  },
  { clock: systemClock, log: pino({ level: 'silent' }) },
)
for (let n = 0; ; n++) {
  const event = { id: newId(Date.now()), n }
  await bus.publishEvent('ops.health.web-1.http', event)
  process.stdout.write(`${event.id}\n`)
}
