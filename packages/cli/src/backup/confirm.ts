import { createInterface } from 'node:readline/promises'
import type { Terminal } from '../commands/command.ts'

/** Whether a person says yes. Nobody there to be asked: no. */
export async function confirm(question: string, terminal: Terminal): Promise<boolean> {
  if (!terminal.isTty || process.stdin.isTTY !== true) return false
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
