import type { Stage } from './pipeline.ts'

/** The channels that the rule names, else all of them. One that was taken out of the configuration since is left out. */
export const chooseChannels: Stage = (candidate, view) => {
  const named = view.channelsOf(candidate.event.rule)
  return { ...candidate, channels: named === null ? view.channels : named.filter((channel) => view.channels.includes(channel)) }
}
