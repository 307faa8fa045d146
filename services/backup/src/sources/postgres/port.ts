export const postgresPort = 5432
