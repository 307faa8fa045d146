import type { RoomDefinition } from '../rooms/room.ts'

/** Looks at the security posture while the config has a section `security`. */
export const postureRoom: RoomDefinition = {
  name: 'posture',
  isAskedFor: (config) => config.security !== undefined,
  open: async (context) => new (await import('./posture-room.ts')).PostureRoom(context),
}
