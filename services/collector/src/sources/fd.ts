import { ContractError } from '@nightshift/shared/errors'
import { KeptFile } from '../procfs/kept-file.ts'
import { ratio } from './rates.ts'
import type { Fields, SourceDefinition } from './source.ts'

export const fdSource: SourceDefinition<'fd'> = {
  group: 'fd',
  open(host) {
    const file = new KeptFile(`${host.proc}/sys/fs/file-nr`)
    return {
      read: () => ({ fields: fdFields(file.readText()) }),
      close: () => file.close(),
    }
  },
}

/** `647 0 2466177`: allocated, allocated but unused (always 0 since 2.6), and the most there may be. */
export function fdFields(text: string): Fields {
  const match = /^(\d{1,20})\s+(\d{1,20})\s+(\d{1,20})\s*$/.exec(text)
  if (match === null) throw new ContractError('proc_format', '/proc/sys/fs/file-nr does not hold three numbers')
  const allocated = Math.max(0, Number(match[1]) - Number(match[2]))
  return { allocated, max: Number(match[3]), used_ratio: ratio(allocated, Number(match[3])) }
}
