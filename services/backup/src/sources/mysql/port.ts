export const mysqlPort = 3306
