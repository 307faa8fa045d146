// A process that takes a lease, says so, and then stops its event loop when told to; says afterwards whether it still believes to hold it.
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { pino } from 'pino'

const [url = '', holder = '', blockMs = '0'] = process.argv.slice(2)
const bus = openBus(
  {
    service: 'alerter',
    host: 'a',
    instance: holder,
    version: '0.1.0',
    servers: [url],
    spoolDir: null,
    needs: { streams: [], buckets: ['locks'] },
  },
  { clock: systemClock, log: pino({ level: 'silent' }) },
)
const lease = await bus.acquireLease({ key: 'shard-0', holder })
process.stdout.write(`held ${lease.token}\n`)
process.stdin.once('data', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(blockMs))
  process.stdout.write(`holds ${lease.holds()} aborted ${lease.signal.aborted}\n`)
})
