import type { RoomDefinition } from '../rooms/room.ts'

/** Metrics of applications, from their Prometheus, OpenMetrics or JSON pages. */
export const scrapeRoom: RoomDefinition = {
  name: 'scrape',
  isAskedFor: (config) => Object.keys(config.scrape ?? {}).length > 0,
  async open(context) {
    const { ScrapeRoom } = await import('./scrape-room.ts')
    return new ScrapeRoom(context)
  },
}
