import type { ServiceContext } from '@nightshift/shared/service/service'

/** The log of the service, as the lifecycle hands it over. */
export type Log = ServiceContext<unknown>['log']
