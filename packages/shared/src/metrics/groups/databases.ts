import type { Group } from '../field.ts'

/** Servers that are asked for figures of their own: NATS, PostgreSQL, MySQL and MariaDB, Redis. */
export const databaseGroups = {
  nats: { help: 'The NATS server itself', status: 'reserved', fields: {} },
  postgres: { help: 'PostgreSQL', status: 'reserved', fields: {} },
  mysql: { help: 'MySQL and MariaDB', status: 'reserved', fields: {} },
  redis: { help: 'Redis', status: 'reserved', fields: {} },
} as const satisfies Record<string, Group>
