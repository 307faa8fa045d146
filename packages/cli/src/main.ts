import { ConfigError, describeError, NightshiftError } from '@nightshift/shared/errors'
import type { Terminal } from './commands/command.ts'
import { commands, type Entry } from './commands/registry.ts'
import { version } from './version.ts'

const terminal: Terminal = {
  env: process.env,
  cwd: process.cwd(),
  isTty: process.stdout.isTTY,
  columns: process.stdout.columns ?? 100,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  ...(process.stderr.isTTY ? { status: (text: string) => void process.stderr.write(`\r\u001b[2K${text}`) } : {}),
}

// `nightshift tap | head` closes our output: that is the end of the work, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await main(process.argv.slice(2))

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return printHelp()
  if (name === '--version') {
    terminal.out(`nightshift ${version} on Node ${process.versions.node}`)
    return 0
  }
  const command = commands.find((known) => known.name === name)
  if (command === undefined) {
    terminal.err(`nightshift: there is no command ${name}; there are ${commands.map((known) => known.name).join(', ')}`)
    return 2
  }
  return runCommand(command, args)
}

async function runCommand(entry: Entry, args: string[]): Promise<number> {
  try {
    const command = await entry.load()
    if (!args.includes('--help') || (command.hasVerbs === true && args[0] !== '--help')) return await command.run(args, terminal)
    terminal.out(`${entry.summary}\nusage: ${command.usage}`)
    return 0
  } catch (error) {
    if (!(error instanceof NightshiftError)) throw error
    const isUsage = error instanceof ConfigError && error.code === 'usage'
    // A wrong flag is told with its usage below; what the parser of flags said stands in it already.
    terminal.err(`nightshift ${entry.name}: ${isUsage ? error.message : describeError(error)}`)
    return isUsage ? 2 : 1
  }
}

function printHelp(): number {
  const width = Math.max(...commands.map((command) => command.name.length))
  terminal.out('nightshift watches your hosts through the night\n')
  for (const command of commands) terminal.out(`  ${command.name.padEnd(width)}  ${command.summary}`)
  terminal.out('\nnightshift COMMAND --help shows its flags.')
  return 0
}
