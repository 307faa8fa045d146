/**
 * Names of files and accounts may hold anything, also what moves a terminal's cursor or turns the direction of writing: a text as it can be
 * shown, on one line.
 */
export function plainText(text: string, maxLength = 256): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?')
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength)}…`
}
