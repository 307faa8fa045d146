/** Options of the groups that ask servers: NATS, PostgreSQL, MySQL and MariaDB, Redis. */
export const databaseGroupShapes = {}
