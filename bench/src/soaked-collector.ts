import { openBus } from '@nightshift/shared/bus/open-bus'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { systemClock } from '@nightshift/shared/clock'
import { createLog } from '@nightshift/shared/service/log'
import { needsOf } from '@nightshift/shared/service/needs'
import { collectorConfigSchema } from '@nightshift/collector/config'
import { collector } from '@nightshift/collector/service'

/**
 * The collector with every group read 20 times a second, which no configuration allows: a day's work in little time, to see whether memory
 * grows. Started by the benchmark `soak` with a NATS address and a folder; runs until it is killed.
 */
const everyMs = 50
const [natsUrl = '', stateDir = ''] = process.argv.slice(2)
const about = { host: 'soak', instance: 'soak', version: '0' }
const log = createLog({ service: 'collector', host: about.host, level: 'critical' })
const bus = openBus(
  {
    ...baseConfigSchema.parse({ nats: { servers: [natsUrl] } }).nats,
    ...about,
    service: 'collector',
    spoolDir: `${stateDir}/spool`,
    needs: needsOf('collector'),
  },
  { clock: systemClock, log },
)
const parsed = collectorConfigSchema.parse({})
const config = { ...parsed, every: everyMs, slow_every: everyMs }
const base = baseConfigSchema.parse({})
await collector.start({ ...about, name: 'collector', source: 'collector@soak', clock: systemClock, log, bus, stateDir, base, config })
await bus.ready()
process.stdout.write('soaking\n')
