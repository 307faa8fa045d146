import { join } from 'node:path'
import { isoTime } from '@nightshift/shared/clock'
import { ConfigError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { previousFacts } from '../jobs/manifest.ts'
import { backupName } from '../jobs/snapshot-name.ts'
import type { JobConfig } from '../config/job-config.ts'
import { tagValue } from '../snapshot/tags.ts'
import { createLoader } from '../sources/registry.ts'
import type { Mode } from './course/course.ts'
import type { DatabaseState, MemberState } from './course/member-state.ts'
import { prepareFiles } from './files/prepare-files.ts'
import { factLosses } from './plan/fact-losses.ts'
import { folderLosses, namesInSnapshot } from './plan/folder-losses.ts'
import { stepsInWords, type MemberPlan, type RestorePlan } from './plan/restore-plan.ts'
import type { RestoreRequest } from './request.ts'
import type { RestoreParts } from './restore-parts.ts'
import { OpenedDestinations, selectSnapshot, type Selected } from './select-snapshot.ts'
import { momentOf } from './set-time.ts'

/** A restore that was thought through and not begun. */
export interface PreparedRestore {
  readonly run: string
  readonly name: string
  readonly mode: Mode
  readonly safety: boolean
  readonly members: readonly MemberState[]
  readonly plan: RestorePlan
}

/** Finds the snapshots, and says what a restore would do and cost. Nothing is changed. Throws ConfigError for what cannot be. */
export async function prepareRestore(
  request: RestoreRequest,
  parts: RestoreParts,
  run = newId(parts.clock.now()),
): Promise<PreparedRestore> {
  const nowMs = parts.clock.now()
  const jobs = jobsOf(request, parts)
  const mode: Mode = request.in_place ? (request.tables.length > 0 ? 'rows' : 'in_place') : 'beside'
  const opened = new OpenedDestinations(parts.destinations, parts.signal)
  try {
    const selected = await select(request, jobs, parts, opened)
    const members: MemberState[] = []
    const plans: MemberPlan[] = []
    for (const one of selected) {
      const config = configOf(one.job, parts)
      const state = stateOf(one, config, request, { run, mode, nowMs }, parts)
      members.push(state)
      plans.push(await planOf(one, state, config, mode, opened, parts))
    }
    const times = selected.map(({ snapshot }) => snapshot.timeMs)
    const about = jobs.map((job) => ({ job, ...hooksOf(configOf(job, parts)) }))
    const withSafety = request.safety && mode !== 'beside'
    const plan: RestorePlan = {
      name: request.name,
      mode,
      members: plans,
      apart_seconds: times.length > 1 ? (Math.max(...times) - Math.min(...times)) / 1000 : null,
      steps: stepsInWords({ mode, withSafety }, about),
    }
    return { run, name: request.name, mode, safety: request.safety, members, plan }
  } finally {
    await opened.close()
  }
}

function jobsOf(request: RestoreRequest, { config }: RestoreParts): readonly string[] {
  if (config.jobs[request.name] !== undefined) return [request.name]
  const set = config.sets[request.name]
  if (set === undefined) {
    const known = [...Object.keys(config.jobs), ...Object.keys(config.sets)].join(', ') || 'none'
    throw new ConfigError('no_such_job', `there is no job and no set ${request.name}; there are ${known}`)
  }
  if (request.snapshot !== null || request.tables.length + request.paths.length + request.databases.length > 0 || request.to !== null)
    throw new ConfigError(
      'usage',
      `${request.name} is a set: it is restored whole, beside or in place; restore its jobs one by one for more`,
    )
  return set.jobs
}

async function select(
  request: RestoreRequest,
  jobs: readonly string[],
  parts: RestoreParts,
  opened: OpenedDestinations,
): Promise<Selected[]> {
  const { destinations, host, config } = parts
  const atMs = request.at_time === null ? null : Date.parse(request.at_time)
  const choose = async (nearMs: number | null): Promise<Selected[]> => {
    const selected: Selected[] = []
    for (const job of jobs)
      selected.push(await selectSnapshot(destinations, { job, host, atMs, nearMs, snapshot: request.snapshot, from: request.from }, opened))
    return selected
  }
  const newest = await choose(null)
  const set = config.sets[request.name]
  if (jobs.length === 1 || set === undefined) return newest
  const momentMs = momentOf(
    set.at,
    newest.map(({ snapshot }) => snapshot.timeMs),
  )
  return momentMs === null ? newest : await choose(momentMs)
}

function configOf(job: string, { config }: RestoreParts): JobConfig {
  const found = config.jobs[job]
  if (found === undefined) throw new ConfigError('no_such_job', `there is no job ${job}`)
  return found
}

function hooksOf({ restore }: JobConfig): { hasBefore: boolean; hasAfter: boolean; hasHealth: boolean } {
  return { hasBefore: restore.before.length > 0, hasAfter: restore.after.length > 0, hasHealth: restore.health !== undefined }
}

const loaded = ['postgres', 'mysql', 'sqlite', 'redis', 'nats']

function stateOf(
  { job, snapshot, destination }: Selected,
  { source }: JobConfig,
  request: RestoreRequest,
  { run, mode, nowMs }: { run: string; mode: Mode; nowMs: number },
  { timezone, destinations, journalDir }: RestoreParts,
): MemberState {
  const common = { job, snapshot: snapshot.id, destination, work: null }
  const stamp = (template: string): string => backupName(template, nowMs, timezone)
  const isDatabase = loaded.includes(source.kind) && request.to === null && request.paths.length === 0
  if (isDatabase) {
    const state: DatabaseState = {
      kind: 'database',
      ...common,
      suffix: stamp('_restored_%Y%m%d_%H%M%S'),
      databases: request.databases.length === 0 ? null : request.databases,
      tables: request.tables.length === 0 ? null : request.tables,
      where: request.where,
      replace: !request.keep_rows,
      loaded: null,
      kept: [],
    }
    return state
  }
  if (request.tables.length > 0 || request.databases.length > 0)
    throw new ConfigError('no_tables', `${job} is of kind ${source.kind}, which has no tables; give --path`)
  if (source.kind !== 'directory' && source.kind !== 'sqlite' && request.to === null)
    throw new ConfigError('to_needed', `${job} is of kind ${source.kind}: its dump is restored as a file; say where with --to DIR`)
  const keepOut = destinations.names.flatMap((name) => {
    const found = destinations.config(name)
    return found.kind === 'local' ? [found.path] : []
  })
  return prepareFiles({
    ...common,
    run,
    mode,
    paths: request.paths.length > 0 ? request.paths : snapshot.paths,
    isWhole: request.paths.length === 0,
    to: request.to,
    stamp: stamp('%Y%m%d_%H%M%S'),
    asideStamp: stamp('%Y%m%d_%H%M%S'),
    keepOut: [...keepOut, journalDir],
  })
}

async function planOf(
  selected: Selected,
  state: MemberState,
  config: JobConfig,
  mode: Mode,
  opened: OpenedDestinations,
  parts: RestoreParts,
): Promise<MemberPlan> {
  const { snapshot, destination, job, offMs } = selected
  const { repository } = await opened.open(destination)
  const verified = tagValue(snapshot, 'verified') ?? null
  const plan: MemberPlan = {
    job,
    kind: config.source.kind,
    snapshot: snapshot.id,
    destination,
    time: isoTime(snapshot.timeMs),
    age_seconds: Math.max(0, (parts.clock.now() - snapshot.timeMs) / 1000),
    off_seconds: offMs === null ? null : offMs / 1000,
    verified_time: verified,
    size_bytes: snapshot.summary?.bytesProcessed ?? null,
    files: snapshot.summary?.filesProcessed ?? null,
    targets: [],
    files_lost: null,
    facts_lost: null,
    warnings: verified === null ? ['no restore of this snapshot was tried yet'] : [],
  }
  if (state.kind === 'files') {
    plan.targets = [
      ...state.units.map(({ live, staged, kept }) => ({
        what: staged.split(/\.nightshift-restore-[^/]+/)[1] ?? staged,
        to: live,
        kept: kept || null,
      })),
      ...state.mounts.map(({ path, aside }) => ({ what: path, to: path, kept: aside })),
      ...(state.folder === null
        ? []
        : state.stages
            .flatMap(({ paths }) => (paths.length > 0 ? paths : snapshot.paths))
            .map((path) => ({
              what: path,
              to: join(state.folder ?? '', path),
              kept: null,
            }))),
    ]
    if (mode === 'in_place')
      plan.files_lost = await folderLosses(
        repository,
        snapshot,
        plan.targets.map(({ to }) => to),
        parts.signal,
      )
    return plan
  }
  const names = state.databases ?? (await databasesIn(selected, config, opened, parts))
  plan.targets = names.map((name) => ({
    what: state.tables === null ? name : `${name}: ${state.tables.join(', ')}${state.where === null ? '' : ` where ${state.where}`}`,
    to: mode === 'beside' ? `${name}${state.suffix}` : name,
    kept: mode === 'in_place' ? `${name}_before${state.suffix}` : null,
  }))
  if (mode !== 'beside') {
    const loader = await createLoader(config.source, parts)
    const facts = (await previousFacts(repository, snapshot, parts.signal)) ?? {}
    if (loader !== undefined) plan.facts_lost = await factLosses(loader, names, facts)
  }
  return plan
}

async function databasesIn(
  { snapshot, destination }: Selected,
  { source }: JobConfig,
  opened: OpenedDestinations,
  { signal }: RestoreParts,
): Promise<string[]> {
  if (source.kind === 'sqlite') return [source.path]
  if (source.kind === 'redis') return ['0']
  return await namesInSnapshot((await opened.open(destination)).repository, snapshot, `/${source.kind}`, signal)
}
