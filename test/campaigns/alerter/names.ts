/** `web-1 check-2`: the host of an alert and its check, or its rule where there is no check. */
export function nameOf(event: Record<string, unknown>): string {
  const labels = event['labels'] as Record<string, string> | undefined
  return `${String(event['host'])} ${labels?.['check'] ?? String(event['rule'])}`
}
