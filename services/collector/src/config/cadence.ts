import { duration } from '@nightshift/shared/config/scalars'

/** How often something is read: 250 ms to 1 h. */
export const cadence = () => duration({ min: 250, max: 3_600_000 })
