/** `500ms`, `1.25s`. Of our own, because the one of the config loads zod. */
export function durationText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : `${Math.round(ms / 10) / 100}s`
}
