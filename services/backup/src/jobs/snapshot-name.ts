/** The name of a backup as people read it: `backup_%Y_%m_%d_%H%M` with the wall time of the zone. */
export function backupName(template: string, atMs: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(atMs)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  const values: Readonly<Record<string, string>> = {
    '%Y': part('year').padStart(4, '0'),
    '%m': part('month'),
    '%d': part('day'),
    '%H': part('hour'),
    '%M': part('minute'),
    '%S': part('second'),
  }
  return template.replaceAll(/%[YmdHMS]/g, (field) => values[field] ?? field)
}
