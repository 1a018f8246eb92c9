import { existsSync, statSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core'
import { until } from '../e2e/until.js'
import t, { type Test } from 'tap'
import { createPageData } from '../../src/report/page-data.js'
import { page } from '../../src/report/page.js'
import { pageParts } from '../../src/report/page-parts.js'
import type { Reported } from '../../src/report/reported.js'
import { severities } from '../../src/rule/severity.js'
import { sampleAlert } from '../fixtures/alerts.js'

const executablePath = '/usr/bin/chromium'
const isHere = existsSync(executablePath)
const skip = isHere ? false : `${executablePath} is not on this machine`
// Chromium has no sandbox for root.
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []

const hostile = `</script><script>document.title='x'</script><img src=//evil.example onerror=alert(1)>\u202e`

/** So many alerts, an hour's worth each 100; of the first one all is hostile. */
function alerts(count: number): Reported[] {
  return Array.from({ length: count }, (_, i) => ({
    alert: sampleAlert({
      id: i.toString(16).padStart(32, '0'),
      time: new Date(1_795_000_000_000 + i * 36_000).toISOString(),
      severity: severities[i % severities.length]!,
      rule: `rule-${i % 30}`,
      title: i === 0 ? hostile : `Path ${i % 1_000} accessed`,
      entryJson: JSON.stringify({ request: { path: i === 0 ? hostile : `secret/${i}` } }),
    }),
    fields: {
      actor: i === 0 ? hostile : `actor-${i % 200}`,
      path: `secret/data/team-${i % 5_000}`,
      address: `10.0.${i % 256}.7`,
      request: `request-${i}`,
    },
  }))
}

/** Opens a page with these alerts; gives it when its table is there, and what it has said or asked. */
async function openPage(
  t: Test,
  found: readonly Reported[],
  options: BrowserContextOptions,
) {
  const { add, data } = createPageData('audit')
  for (const of of found) add(of)
  const file = `${t.testdir()}/report.html`
  const origin = { made: 1_795_000_000_000, version: '1.2.3', lines: 7, missing: [] }
  writeFileSync(file, page(data(), pageParts(), origin))
  const browser = await chromium.launch({ executablePath, args })
  t.teardown(() => browser.close())
  const context = await browser.newContext(options)
  const shown = await context.newPage()
  const said: string[] = []
  const asked: string[] = []
  shown.on('console', message => said.push(message.text()))
  shown.on('pageerror', error => said.push(error.message))
  shown.on('dialog', dialog => void dialog.dismiss().then(() => said.push('a dialog')))
  shown.on('request', request => asked.push(request.url()))
  const start = performance.now()
  await shown.goto(pathToFileURL(file).href)
  await shown.waitForSelector('tbody tr')
  return { shown, said, asked, file, openMs: performance.now() - start }
}

/** Whether a chart has a pixel of this colour. */
async function drawn(shown: Page, id: string, colour: string): Promise<boolean> {
  const [red, green, blue] = colour.match(/[0-9a-f]{2}/g)!.map(part => parseInt(part, 16))
  return shown.evaluate<boolean>(`(() => {
    const canvas = document.getElementById('${id}')
    const { width, height } = canvas
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
    const isThere = (_, i) =>
      i % 4 === 0 && data[i] === ${red} && data[i + 1] === ${green} && data[i + 2] === ${blue}
    return data.some(isThere)
  })()`)
}

const charts = ['over-time', 'by-rule', 'by-actor', 'by-path']
const desktop = { width: 1280, height: 900 }
const phone = { width: 390, height: 844 }

for (const [name, viewport, colorScheme, critical] of [
  ['desktop, light', desktop, 'light', '#b4122f'],
  ['desktop, dark', desktop, 'dark', '#ff5a74'],
  ['phone, light', phone, 'light', '#b4122f'],
  ['phone, dark', phone, 'dark', '#ff5a74'],
] as const) {
  t.test(`the page on a ${name}`, { skip }, async t => {
    const options = { viewport, colorScheme, offline: true }
    const { shown, said, asked } = await openPage(t, alerts(500), options)
    for (const chart of charts)
      t.ok(await drawn(shown, chart, critical), `${chart} is drawn`)
    const width = await shown.evaluate<number>('document.documentElement.scrollWidth')
    t.equal(width, viewport.width, 'nothing is wider than the screen')
    t.strictSame(said, [], 'no script fails or is refused')
    t.equal(asked.length, 1, 'nothing else is loaded')
  })
}

t.test('what an attacker wrote is text', { skip }, async t => {
  const { shown, said, asked } = await openPage(t, alerts(3), {})
  await shown.click('tbody .open')
  t.equal(await shown.title(), 'Alerts on Vault’s audit log')
  t.equal(await shown.locator('img').count(), 0)
  t.equal(await shown.textContent('tbody .open'), hostile)
  const entry = await shown.textContent('pre')
  t.match(entry, '</script><script>')
  t.match(entry, '\\u202e', 'what reorders text is shown as its number')
  t.notMatch(entry, '\u202e')
  t.strictSame(said, [])
  t.equal(asked.length, 1)
})

t.test('the table is searched, sorted, filtered and turned over', { skip }, async t => {
  const { shown } = await openPage(t, alerts(500), {})
  const range = () => shown.textContent('#range')
  const first = (column: string) => shown.textContent(`tbody tr td.${column}`)
  t.equal(await range(), '1 to 100 of 500')
  await shown.click('nav button:last-child')
  t.equal(await range(), '101 to 200 of 500')
  await shown.uncheck('#severities label:has-text("info") input')
  t.equal(await range(), '1 to 100 of 400')
  await shown.fill('#search', 'ACTOR-17')
  t.equal(await range(), '1 to 19 of 19', 'with actor-170 and others')
  await shown.click('th [data-column=path]')
  t.equal(await first('path'), 'secret/data/team-17')
  await shown.click('th [data-column=path]')
  t.equal(await first('path'), 'secret/data/team-417')
  await shown.fill('#search', 'request-42')
  t.equal(await range(), '1 to 9 of 9')
  await shown.fill('#search', 'no such thing')
  t.equal(await range(), 'no alert')
})

t.test('a click on a bar lists its alerts', { skip }, async t => {
  // "rule-1" is a part of the names of others, and stands in a path.
  const more = alerts(22).map(({ alert, fields }) => ({
    alert: { ...alert, id: alert.id.replace('0', 'f'), rule: 'rule-1' },
    fields: { ...fields, path: 'secret/rule-2' },
  }))
  const { shown } = await openPage(t, [...alerts(500), ...more], { viewport: desktop })
  await shown.uncheck('#severities label:has-text("high") input')
  await shown.click('#by-rule', { position: { x: 300, y: 20 } })
  // At the next frame. The page's own policy forbids what a browser's driver waits by.
  const isShown = async () => (await shown.inputValue('#search')) !== ''
  await until('the chart answers', isShown)
  t.equal(await shown.inputValue('#search'), 'rule=rule-1')
  t.equal(await shown.textContent('#range'), '1 to 39 of 39', 'all of them, and no other')
})

t.test('on paper it is as on a light screen', { skip }, async t => {
  const options = { viewport: desktop, colorScheme: 'dark' as const }
  const { shown } = await openPage(t, alerts(500), options)
  const pdf = await shown.pdf({ format: 'A4' })
  t.ok(pdf.length > 20_000, `${pdf.length} bytes`)
  await shown.evaluate(`dispatchEvent(new Event('beforeprint'))`)
  t.ok(await drawn(shown, 'over-time', '#b4122f'))
  await shown.evaluate(`dispatchEvent(new Event('afterprint'))`)
  t.ok(await drawn(shown, 'over-time', '#ff5a74'))
})

t.test('without scripts it says what they are for', { skip }, async t => {
  const { add, data } = createPageData('audit')
  for (const of of alerts(3)) add(of)
  const browser = await chromium.launch({ executablePath, args })
  t.teardown(() => browser.close())
  const context = await browser.newContext({ javaScriptEnabled: false })
  const shown = await context.newPage()
  const origin = { made: 0, version: '1.2.3', lines: 7, missing: ['undecodable=2'] }
  await shown.setContent(page(data(), pageParts(), origin))
  const text = await shown.innerText('body')
  t.match(text, 'need JavaScript')
  t.match(text, 'Lines that are not in it: undecodable=2.')
  t.match(text, /alerts\s+3/)
})

t.test('100,000 alerts open quickly', { skip }, async t => {
  const { shown, file, openMs } = await openPage(t, alerts(100_000), {})
  const { size } = statSync(file)
  const start = performance.now()
  await shown.fill('#search', 'team-4999')
  t.match(await shown.textContent('#range'), '1 to 20 of 20')
  const searchMs = performance.now() - start
  t.comment(
    `${(size / 1e6).toFixed(1)} MB, open after ${openMs.toFixed(0)} ms, searched in ${searchMs.toFixed(0)} ms`,
  )
  t.ok(size < 30_000_000, `${size} bytes`)
  t.ok(openMs < 10_000, `${openMs} ms`)
  t.ok(searchMs < 3_000, `${searchMs} ms`)
})
