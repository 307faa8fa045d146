import { ContractError } from '@nightshift/shared/errors'

/** What a parser makes of garbage: a value, or undefined when it refused it as such. Any other error is passed on. */
export function unlessRefused<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
}
