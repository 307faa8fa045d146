/** The environment in which the fixtures are read. */
export const env = {
  NATS_PASSWORD: 'correct-horse-battery',
  WEB_HOST: 'web.example.com',
  WORD: 'correct-horse-battery',
  LARGE_NUMBER: '4294967296',
  SMALL_NUMBER: '9000',
  NO: 'false',
}
