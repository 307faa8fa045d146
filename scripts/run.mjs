// The way in behind `npm start`, `npm test` and `./nightshift`. Written so that an old Node can parse it and be told what it lacks.
//   run.mjs <command> [args]      the `nightshift` command line (cwd stays the user's)
//   run.mjs --exec PROGRAM ARGS   a program of node_modules/.bin, `node` or `pnpm`, with the right Node (cwd: the repository)
//   run.mjs --clean               remove what was fetched: the cache folder and node_modules (never ./data)
var major = Number(process.versions.node.split('.')[0])

if (process.platform === 'win32') {
  stop('Nightshift runs on Linux and macOS. On Windows use WSL: type `wsl --install`, then clone and start the repository inside it.')
} else if (major < 18) {
  stop(
    'Nightshift needs Node 18 or newer to start (this is ' +
      process.version +
      '). Get one from https://nodejs.org, then type the same command again.',
  )
} else {
  void import('./start.mjs').then(function (module) {
    return module.start(process.argv.slice(2))
  })
}

/** @param {string} sentence */
function stop(sentence) {
  console.error('nightshift: ' + sentence)
  process.exitCode = 1
}
