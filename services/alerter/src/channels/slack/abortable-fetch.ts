/** The libraries of Slack take no signal, but a fetch: this one ends with ours too. */
export function abortableFetch(signal: AbortSignal): typeof fetch {
  return async (url, init) => await fetch(url, { ...init, signal: init?.signal == null ? signal : AbortSignal.any([signal, init.signal]) })
}
