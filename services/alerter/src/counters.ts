/** What the alerter counts about itself since it started, whichever replica was active meanwhile. */
export class Counters {
  messages = 0
  eventsPublished = 0
  notificationsDelivered = 0
  notificationsDeferred = 0
  notificationsDead = 0
  gaps = 0
  storeRefusals = 0
  publishFailures = 0
  takeovers = 0
  deadManPings = 0
  deadManFailures = 0
}
