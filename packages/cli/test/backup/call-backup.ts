import { backup } from '../../src/commands/backup.ts'
import type { Terminal } from '../../src/commands/command.ts'

/** Calls `nightshift backup` in a folder as main.ts does, with nobody at the terminal. */
export async function callBackup(folder: string, ...args: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = []
  const err: string[] = []
  const terminal: Terminal = {
    env: { USER: 'ana' },
    cwd: folder,
    isTty: false,
    columns: 100,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
  }
  return { code: await backup.run(args, terminal), out, err }
}
