import { createInterface, type Interface } from 'node:readline'
import { ConfigError } from '@nightshift/shared/errors'

/** Asks a person at a terminal, one question after the other. Lines that are typed or pasted ahead answer those that come. */
export class Questions {
  readonly #reader: Interface
  readonly #lines: AsyncIterator<string>

  constructor(input: NodeJS.ReadableStream, output: NodeJS.WritableStream) {
    this.#reader = createInterface({ input, output })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  /** Throws ConfigError `no_answer` when nobody is there any more. */
  async ask(question: string, fallback = ''): Promise<string> {
    this.#reader.setPrompt(`${question}${fallback === '' ? '' : ` [${fallback}]`}: `)
    this.#reader.prompt()
    const line = await this.#lines.next()
    if (line.done === true) throw new ConfigError('no_answer', 'the questions were not answered to the end; nothing was written')
    return line.value.trim() || fallback
  }

  close(): void {
    this.#reader.close()
  }
}
