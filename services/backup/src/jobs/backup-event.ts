import { isoTime } from '@nightshift/shared/clock'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { derivedId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'

/** Who speaks. */
export interface Speaker {
  readonly host: string
  readonly source: string
  readonly namespace: string
}

/** What an event says beyond who, when and of which run. */
export type BackupFacts = Pick<BackupEvent, 'phase'> &
  Partial<Omit<BackupEvent, 'v' | 'id' | 'time' | 'host' | 'source' | 'job' | 'run' | 'phase'>>

const maxErrorLength = 4096

/** A step of a run as its event, with its subject. The id follows from the run and the step: told twice, it is the same event. */
export function backupEvent(
  speaker: Speaker,
  about: { job: string; run: string; atMs: number },
  facts: BackupFacts,
): { subject: string; event: BackupEvent } {
  const { job, run, atMs } = about
  const event: BackupEvent = {
    v: 1,
    id: derivedId(atMs, 'backup', run, job, facts.phase),
    time: isoTime(atMs),
    host: speaker.host,
    source: speaker.source,
    correlation_id: run,
    snapshot: null,
    size_bytes: null,
    added_bytes: null,
    duration_seconds: null,
    next_due: null,
    ...facts,
    error: facts.error?.slice(0, maxErrorLength) ?? null,
    job,
    run,
  }
  return { subject: buildSubject({ kind: 'backup', host: speaker.host, job, phase: facts.phase }, speaker.namespace), event }
}
