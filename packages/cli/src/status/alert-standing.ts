/** What people did, or the configuration does, about an alert, as the alerter lists it. */
export interface AlertStanding {
  readonly muted?: { readonly kind: string; readonly by: string; readonly until_time: string | null } | null
  readonly acked?: { readonly actor: string; readonly until_time: string | null } | null
}

/** Whether somebody must look after an alert that fires: nobody took it on and nothing mutes it. */
export function isOpen({ muted, acked }: AlertStanding): boolean {
  return muted == null && acked == null
}

/** ` [silenced by 01J... until ...; acknowledged by kim]`; empty when it is open. */
export function describeStanding({ muted, acked }: AlertStanding): string {
  const until = (time: string | null): string => (time === null ? '' : ` until ${time}`)
  const states = [
    ...(muted == null ? [] : [`${muted.kind} by ${muted.by}${until(muted.until_time)}`]),
    ...(acked == null ? [] : [`acknowledged by ${acked.actor}${until(acked.until_time)}`]),
  ]
  return states.length === 0 ? '' : ` [${states.join('; ')}]`
}
