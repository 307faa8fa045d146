/**
 * What every part of the page is drawn from.
 * @typedef {object} View
 * @property {import('./live-state.js').Entries} entries
 * @property {import('../snapshot.ts').ConsoleStatus | undefined} status
 * @property {import('./connection.js').Connection} connection
 * @property {import('./texts.js').Texts} texts
 * @property {import('./format.js').Format} format
 * @property {number} nowMs By the server's clock; stands still while there is no connection.
 */

/** A part of the page: to add one, copy a file like checks.js and name it in page.js. @typedef {(props: { view: View }) => import('preact').VNode} Panel */

export {}
