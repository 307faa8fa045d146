import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { createLog } from '@nightshift/shared/service/log'
import { collectorConfigSchema } from '../../src/config.ts'
import { PostureRoom } from '../../src/posture/posture-room.ts'

/** A process of its own that looks at accounts every second, to be killed: by the test, or by itself around its first publication. */
const { URL: url = '', STATE_DIR: stateDir = '', ROOT: root = '', DIE: die = 'never' } = process.env
const log = createLog({ service: 'collector', host: 'web-1', level: 'critical' })
const bus = openBus(
  {
    service: 'collector',
    host: 'web-1',
    instance: newId(Date.now()),
    version: '0.1.0',
    servers: [url],
    spoolDir: `${stateDir}/spool`,
    needs: { streams: ['EVENTS'], buckets: [] },
  },
  { clock: systemClock, log },
)
await bus.ready()
const dying = Object.assign(Object.create(bus) as typeof bus, {
  namespace: bus.namespace,
  publishEvent: async (subject: string, event: { id: string }) => {
    if (die === 'before-publishing') process.kill(process.pid, 'SIGKILL')
    const published = await bus.publishEvent(subject, event)
    if (die === 'after-publishing') process.kill(process.pid, 'SIGKILL')
    return published
  },
})
const off = { enabled: false }
const room = new PostureRoom({
  host: { root, proc: `${root}/proc`, sys: `${root}/sys` },
  origin: { host: 'web-1', source: 'collector@web-1' },
  clock: systemClock,
  log,
  bus: dying,
  stateDir,
  publishMetrics: () => undefined,
  reportCheck: (check) => process.stdout.write(`${check}\n`),
  onMetric: () => () => undefined,
})
await room.apply(
  collectorConfigSchema.parse({
    security: { every: '1s', ports: off, failed_logins: off, sudoers: off, authorized_keys: off, firewall: off, system_files: off },
  }),
)
