import { createHash } from 'node:crypto'
import type { Log } from '../entry/entry.js'
import { severities } from '../rule/severity.js'
import type { PageData } from './page-data.js'
import type { PageParts } from './page-parts.js'
import { shownTime } from './shown-time.js'
import { sum } from './tally.js'

/** What the page says of the replay that it reports on. */
export interface PageOrigin {
  /** When the report was made, epoch milliseconds. */
  readonly made: number
  /** The version of this program. */
  readonly version: string
  readonly lines: number
  /** What is not in it, in a few words each. */
  readonly missing: readonly string[]
}

const logNames: Readonly<Record<Log, { log: string; actor: string; path: string }>> = {
  audit: { log: 'audit log', actor: 'actor', path: 'path' },
  server: { log: 'server log', actor: 'host', path: 'module' },
}

/**
 * A page of HTML that needs nothing but itself: it may load nothing, and run no script but its own.
 * What came from the log is JSON in it, which the script shows as text.
 */
export function page(data: PageData, parts: PageParts, origin: PageOrigin): string {
  const names = logNames[data.log]
  const heading = `Alerts on Vault’s ${names.log}`
  const { script, style } = parts
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const total = sum(data.total)
  const shown = data.rows.times.length
  const notices = [
    ...(origin.missing.length > 0
      ? [`Lines that are not in it: ${origin.missing.join(', ')}.`]
      : []),
    ...(shown < total
      ? [
          `The table has ${shown} of ${total} alerts: the most severe, the latest of them.`,
        ]
      : []),
  ]
  const columns = [
    ['time', 'Time (UTC)'],
    ['severity', 'Severity'],
    ['title', 'Alert and rule'],
    ['actor', capital(names.actor)],
    ['path', capital(names.path)],
    ['address', 'Address'],
  ] as const
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${heading}</h1>
<p>${period(data)}</p>
<p>From ${origin.lines} lines, by vault-log-handler ${escaped(origin.version)}, ${utc(origin.made)}</p>
${notices.map(notice => `<p class="notice">${escaped(notice)}</p>`).join('\n')}
</header>
<dl class="totals">
<div><dt>alerts</dt><dd>${total}</dd></div>
${severities
  .map(
    (severity, i) =>
      `<div class="${severity}"><dt>${severity}</dt><dd>${data.total[i]}</dd></div>`,
  )
  .join('\n')}
</dl>
<noscript><p class="notice">The charts and the table need JavaScript; nothing is loaded by it.</p></noscript>
<section class="charts">
${chart('over-time', 'Alerts over time (UTC)')}
${chart('by-rule', 'By rule')}
${chart('by-actor', `By ${names.actor}`)}
${chart('by-path', `By ${names.path}`)}
</section>
<section id="alerts">
<h2>Alerts and the entries behind them</h2>
<div class="tools">
<input id="search" type="search" placeholder="Search, or path=secret/data/x" aria-label="Search">
<fieldset id="severities" aria-label="Severities">
${severities.map(severity => `<label><input type="checkbox" checked> ${severity}</label>`).join('\n')}
</fieldset>
<nav><button type="button">Back</button><span id="range"></span><button type="button">Next</button></nav>
</div>
<table>
<thead><tr>${columns
    .map(
      ([name, label], i) =>
        `<th scope="col"${i === 0 ? ' aria-sort="ascending"' : ''}><button type="button" data-column="${name}">${label}</button></th>`,
    )
    .join('')}</tr></thead>
<tbody></tbody>
</table>
</section>
<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script>${script}</script>
</body>
</html>
`
}

function chart(id: string, label: string): string {
  return `<figure><h2>${label}</h2><div class="chart"><canvas id="${id}" role="img" aria-label="${label}"></canvas></div></figure>`
}

function period({ first, last }: PageData): string {
  if (first === undefined || last === undefined) return 'No alerts'
  return `${utc(first)} to ${utc(last)}`
}

function utc(time: number): string {
  return `${shownTime(time)} UTC`
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  }
  return text.replace(/[&<>"]/g, char => names[char]!)
}
