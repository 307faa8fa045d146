/** Text as Slack shows it literally, at most so many characters long after escaping: neither an escape nor a character is cut in two. */
export function mrkdwn(text: string, maxLength: number): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return cut(escaped, maxLength)
}

/** Text that is in Slack's marks already, cut off at so many characters. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const start = text.slice(0, maxLength - 1)
  return `${start
    .replace(/&[a-z]{0,3}$/, '')
    .replace(/<[^>]*$/, '')
    .replace(/[\ud800-\udbff]$/, '')}…`
}

/** As many lines as fit, each whole where it can be. */
export function cutLines(lines: readonly string[], maxLength: number): string {
  const fitting: string[] = []
  let room = maxLength - 2
  for (const line of lines) {
    room -= line.length + 1
    if (room < 0) return fitting.length === 0 ? cut(line, maxLength) : `${fitting.join('\n')}\n…`
    fitting.push(line)
  }
  return fitting.join('\n')
}
