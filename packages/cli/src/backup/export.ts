import { resolve } from 'node:path'
import { exportSnapshot, type ExportFormat } from '@nightshift/backup/export/export-snapshot'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { withSnapshot } from './find-snapshot.ts'
import { localFlags, openLocalBackup } from './local-backup.ts'
import { noteActs } from './note-act.ts'
import { progressLine } from './progress-line.ts'
import { bytesText } from './quantities.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup export SNAPSHOT --to FILE [--format zip|tar.gz] [--path P]... [--with-secrets] [--from DESTINATION] [--json]
                         [--config FILE] [--data DIR | --nats URL]
  SNAPSHOT is an id, the beginning of one, or latest; the format follows from the name of the file
  The archive is not encrypted: .env, keys, and what else looks like a secret are left out
  --with-secrets  takes them along`

const maxShown = 20

/** Writes a snapshot, or a part of it, into an archive that anybody can open. */
export const exportVerb: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...localFlags,
      ...operatorFlags,
      to: { type: 'string' },
      format: { type: 'string' },
      path: { type: 'string', multiple: true },
      from: { type: 'string' },
      'with-secrets': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    } as const
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [wanted, ...rest] = positionals
    if (wanted === undefined || values.to === undefined || rest.length > 0)
      throw new ConfigError('usage', `say which snapshot, and --to which file\nusage: ${usage}`)
    const to = resolve(terminal.cwd, values.to)
    const format = readFormat(values.format, to)
    const local = await openLocalBackup(values, terminal)
    await withSnapshot(local, wanted, values.from, async ({ name, repository }, snapshot) => {
      await repository.loadIndex(local.signal)
      const result = await exportSnapshot(repository, snapshot, {
        to,
        format,
        paths: values.path,
        withSecrets: values['with-secrets'],
        signal: local.signal,
        onProgress: ({ doneBytes, doneItems, path }) =>
          terminal.status?.(progressLine({ step: path, doneBytes, totalBytes: null, doneItems, totalItems: null }, terminal.columns)),
      }).finally(() => terminal.status?.(''))
      if (values.json) terminal.out(JSON.stringify({ snapshot: snapshot.id, destination: name, file: to, ...result }))
      else {
        terminal.out(`${to}: ${result.files} files, ${bytesText(result.bytes)}, from snapshot ${snapshot.id.slice(0, 8)} in ${name}`)
        if (result.leftOut > 0) terminal.out(`${result.leftOut} devices, sockets and the like have no place in it`)
        if (result.secretCount > 0)
          terminal.out(`${result.secretCount} that look like secrets were left out; --with-secrets takes them along`)
        for (const path of result.secrets.slice(0, maxShown)) terminal.out(`  left out: ${path}`)
      }
      const target = `${snapshot.id.slice(0, 8)} to ${to}${values['with-secrets'] ? ', with secrets' : ''}`
      if (values['with-secrets'])
        await noteActs(
          [{ action: 'backup.export', target, outcome: 'done' }],
          { data: values.data, nats: values.nats, host: local.host },
          terminal,
        )
      return 'enough'
    })
    return 0
  },
}

function readFormat(flag: string | undefined, file: string): ExportFormat {
  const format = flag ?? (file.endsWith('.zip') ? 'zip' : /\.(?:tar\.gz|tgz)$/.test(file) ? 'tar.gz' : undefined)
  if (format === 'zip' || format === 'tar.gz') return format
  throw new ConfigError('usage', `--format is zip or tar.gz\nusage: ${usage}`)
}
