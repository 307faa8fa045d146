import type { Logger, LogLevel } from '@slack/web-api'

/** The libraries of Slack write to the console by default, requests and all; what goes wrong is thrown too, and said by us. */
export function quietLogger(level: LogLevel): Logger {
  const ignore = (): void => undefined
  return { debug: ignore, info: ignore, warn: ignore, error: ignore, setLevel: ignore, setName: ignore, getLevel: () => level }
}
