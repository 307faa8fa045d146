import type { BaseConfig } from '@nightshift/shared/config/base'

/** The zone in which people read times: that of the configuration, else that of the machine. */
export function timezoneOf({ timezone }: Pick<BaseConfig, 'timezone'>): string {
  return timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone
}
