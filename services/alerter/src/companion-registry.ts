import { acks } from './ack/acks.ts'
import type { CompanionKind } from './companion.ts'
import { backupDone } from './backup-done/backup-done.ts'
import { deadMan } from './deadman/dead-man.ts'
import { receivedAlerts } from './alertmanager/received-alerts.ts'
import { undeliverable } from './delivery/undeliverable.ts'
import { drills } from './drill/drills.ts'
import { flapping } from './flap/flapping.ts'
import { inhibitions } from './inhibit/inhibitions.ts'
import { presence } from './presence/presence.ts'
import { silences } from './silence/silences.ts'
import { absences } from './tracking/absence/absences.ts'
import { baselines } from './tracking/baseline/baselines.ts'
import { eventRules } from './tracking/events/event-rules.ts'
import { hoursOfChecks } from './tracking/hours-of-checks.ts'
import { refills } from './tracking/window/refill.ts'
import { windows } from './window/windows.ts'

/** To add one: a folder of its own, a line here. Muters are asked in this order. */
export const companionKinds: readonly CompanionKind[] = [
  inhibitions,
  windows,
  silences,
  acks,
  undeliverable,
  receivedAlerts,
  drills,
  backupDone,
  absences,
  baselines,
  eventRules,
  hoursOfChecks,
  refills,
  presence,
  flapping,
  deadMan,
]
