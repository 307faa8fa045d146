import { createLog } from '@nightshift/shared/service/log'

/** A log that nobody reads. */
export const silentLog = createLog({ service: 'alerter', host: 'test', write: () => undefined })
