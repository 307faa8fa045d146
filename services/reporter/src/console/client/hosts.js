import { h } from 'preact'
import { Icon } from './icon.js'
import { isSilent, levelOf } from './levels.js'
import { Meter } from './meter.js'
import { Sparkline } from './sparkline.js'

/**
 * @typedef {import('./view.js').View} View
 * @typedef {import('../../fleet/model.ts').Host} Host
 */

/** @param {{ view: View }} props */
export function HostsPanel({ view }) {
  const hosts = [...view.entries.host.values()].sort((a, b) => (a.host < b.host ? -1 : 1))
  if (hosts.length === 0) return h('p', { class: 'empty' }, view.texts.noHosts)
  return h(
    'ul',
    { class: 'hosts' },
    hosts.map((host) => h(HostCard, { key: host.host, host, view })),
  )
}

/** @param {{ host: Host, view: View }} props */
function HostCard({ host, view }) {
  const { texts, format, nowMs } = view
  const silent = isSilent(host, nowMs)
  const facts = [
    host.cpu?.cores === null || host.cpu?.cores === undefined ? undefined : texts.cores(host.cpu.cores),
    host.mem?.total_bytes === null || host.mem?.total_bytes === undefined ? undefined : format.bytes(host.mem.total_bytes),
  ].filter((fact) => fact !== undefined)
  return h(
    'li',
    { class: silent ? 'host is-stale' : 'host' },
    h(
      'h3',
      { class: 'host-name' },
      h('span', null, host.host),
      h('span', { class: 'muted host-facts' }, facts.join(' · ')),
      h(HostState, { host, silent, view }),
    ),
    h(
      'div',
      { class: 'host-body' },
      h('div', { class: 'host-column' }, h(Processor, { host, view }), h(Memory, { host, view })),
      h(
        'div',
        { class: 'host-column' },
        host.fs.map((fs) => h(FileSystemMeter, { key: fs.mount, fs, view })),
      ),
      h(Numbers, { host, view }),
    ),
  )
}

/** @param {{ host: Host, silent: boolean, view: View }} props */
function HostState({ host, silent, view: { texts, format, nowMs } }) {
  if (host.last_seen_time === null) return h('span', { class: 'tag' }, h(Icon, { tone: 'unknown' }), texts.neverSeen)
  if (!silent) return h('span', { class: 'tag' }, h(Icon, { tone: 'ok' }), texts.reporting)
  return h(
    'span',
    { class: 'tag tone-warning' },
    h(Icon, { tone: 'warning' }),
    texts.silentFor(format.length(nowMs - Date.parse(host.last_seen_time))),
  )
}

/** @param {{ host: Host, view: View }} props */
function Processor({ host, view }) {
  if (host.cpu === null) return null
  const { usage_ratio: ratio } = host.cpu
  const aside = h(Sparkline, { name: view.texts.cpu, trend: view.entries.trend.get(`${host.host}/cpu`), view })
  return h(Meter, { name: view.texts.cpu, ratio, level: levelOf('cpu', ratio), aside, view })
}

/** @param {{ host: Host, view: View }} props */
function Memory({ host, view }) {
  if (host.mem === null) return null
  const { used_ratio: ratio } = host.mem
  const aside = h(Sparkline, { name: view.texts.memory, trend: view.entries.trend.get(`${host.host}/mem`), view })
  return h(Meter, { name: view.texts.memory, ratio, level: levelOf('memory', ratio), aside, view })
}

/** @param {{ fs: Host['fs'][number], view: View }} props */
function FileSystemMeter({ fs, view }) {
  const { texts, format } = view
  const aside = h('span', { class: 'muted' }, fs.readonly ? texts.readonly : texts.free(format.bytes(fs.available_bytes)))
  return h(Meter, { name: fs.mount, ratio: fs.used_ratio, level: fs.readonly ? 'ok' : levelOf('disk', fs.used_ratio), aside, view })
}

/** @param {{ host: Host, view: View }} props */
function Numbers({ host, view: { texts, format } }) {
  const nics = host.net.filter(({ nic }) => nic !== 'lo')
  return h(
    'dl',
    { class: 'numbers' },
    host.load === null
      ? null
      : h(Pair, { name: texts.load, value: [host.load.load1, host.load.load5, host.load.load15].map(format.decimal).join('  ') }),
    nics.length === 0
      ? null
      : h(Pair, {
          name: texts.network,
          value: `↓ ${format.rate(sum(nics, 'receive_bytes_per_second'))}  ↑ ${format.rate(sum(nics, 'transmit_bytes_per_second'))}`,
        }),
    host.disk.length === 0
      ? null
      : h(Pair, {
          name: texts.disk,
          value: texts.readWritten(
            format.rate(sum(host.disk, 'read_bytes_per_second')),
            format.rate(sum(host.disk, 'written_bytes_per_second')),
          ),
        }),
  )
}

/** @param {{ name: string, value: string }} props */
function Pair({ name, value }) {
  return h('div', null, h('dt', null, name), h('dd', null, value))
}

/** @template {string} K @param {Record<K, number | null>[]} items @param {K} field */
function sum(items, field) {
  const known = items.map((item) => item[field]).filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}
