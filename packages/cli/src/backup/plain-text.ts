/** What came from outside, such as the name of a file, without what a terminal would obey. */
export function plainText(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u{fffd}')
}
