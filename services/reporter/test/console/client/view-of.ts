import { systemClock } from '@nightshift/shared/clock'
import { createFormat } from '../../../src/console/client/format.js'
import { emptyState, mergeMessage } from '../../../src/console/client/live-state.js'
import { findTexts } from '../../../src/console/client/texts.js'
import type { View } from '../../../src/console/client/view.js'
import { snapshotMessage, type ConsoleStatus } from '../../../src/console/snapshot.ts'
import type { Message } from '../../fixture-events.ts'
import { fleetWith } from '../../fleet/fleet-with.ts'

/** What the page is drawn from after these messages, as of then, in UTC. */
export function viewOf(
  messages: readonly Message[],
  nowMs: number,
  settings: { locale?: string; status?: Partial<ConsoleStatus> } = {},
): View {
  const { locale = 'en' } = settings
  const status: ConsoleStatus = {
    title: 'Nightshift',
    version: '0.1.0',
    build: 'b',
    bus: 'connected',
    caught_up: true,
    dropped: {},
    ...settings.status,
  }
  const state = mergeMessage(emptyState(), snapshotMessage(fleetWith(messages), status, nowMs), true, systemClock.now())
  const texts = findTexts(locale)
  return {
    entries: state.entries,
    status: state.status,
    texts,
    format: createFormat(locale, texts, 'UTC'),
    nowMs,
    connection: { phase: 'live', lastMessageMs: nowMs },
  }
}
