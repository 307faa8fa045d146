/** Something the reader can mend: what went wrong, and what to type. */
export class Failure extends Error {
  /**
   * @param {string} message one sentence
   * @param {{ type?: string[], output?: string }} [more] commands to type; the end of a helper program's output
   */
  constructor(message, { type = [], output = '' } = {}) {
    super(message)
    this.name = 'Failure'
    this.type = type
    this.output = output
  }
}

/** Codes of a folder we may not write, or that is full. */
const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR'])

/**
 * What is printed for an error of the start.
 * @param {unknown} error
 * @param {string} cache
 * @returns {string}
 */
export function explain(error, cache) {
  if (error instanceof Failure) {
    const output = error.output.trim()
    const type = error.type.map((line) => `    ${line}`)
    return [
      ...(output === '' ? [] : [output, '']),
      `nightshift: ${error.message}`,
      ...(type.length === 0 ? [] : ['  Type:', ...type]),
    ].join('\n')
  }
  const { code, path } = /** @type {NodeJS.ErrnoException} */ (error)
  if (code !== undefined && unwritable.has(code)) {
    return [
      `nightshift: cannot write ${path ?? cache} (${code}).`,
      '  Free space there or take it back from another user (`sudo chown -R $(id -u) FOLDER`), or name another cache folder. Type:',
      '    NIGHTSHIFT_CACHE=/some/empty/folder npm start',
    ].join('\n')
  }
  return `nightshift: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}
