/** One transaction for everything; binary values as hexadecimal, which survives every character set. */
export const dumpFlags = [
  '--single-transaction',
  '--quick',
  '--routines',
  '--events',
  '--triggers',
  '--hex-blob',
  '--no-tablespaces',
  '--default-character-set=utf8mb4',
  // Of MySQL only; MariaDB passes over what is loose. A dump that sets the server's GTIDs could not be loaded beside.
  '--loose-set-gtid-purged=OFF',
  '--loose-column-statistics=0',
]
