import type { ColumnName, PageData, Rows } from '../page-data.js'
import { shownTime } from '../shown-time.js'
import { element } from './element.js'

const pageRows = 100

/** What could hide, reorder or break text is shown as its number. */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]/gu

const elsewhere =
  'Its entry is not on this page. The alert log has it, if the alert was recorded:'

/** The columns that are shown when a row is opened. */
const details = ['action', 'namespace', 'outcome', 'key', 'window', 'tags'] as const

/** A table of alerts that shows those with a text, of the severities that are ticked. */
export interface AlertTable {
  /**
   * Shows all alerts with this text in a column, or with this id or request; for `path=secret/x` those
   * with just this in the column.
   */
  search(text: string): void
}

/** Fills the table of the page, a page of rows at a time, and answers to what stands around it. */
export function createTable({ rows, severities, entries }: PageData): AlertTable {
  const times: number[] = []
  for (const step of rows.times) times.push((times.at(-1) ?? 0) + step)

  const body = document.querySelector('tbody')!
  const field = document.getElementById('search') as HTMLInputElement
  const boxes = [...document.querySelectorAll<HTMLInputElement>('#severities input')]
  const headings = [...document.querySelectorAll<HTMLButtonElement>('th button')]
  const range = document.getElementById('range')!
  const [before, after] = document.querySelectorAll<HTMLButtonElement>('nav button')
  let order = [...times.keys()]
  let found: number[] = []
  let from = 0

  const text = (name: ColumnName, row: number) => {
    const { texts, at } = rows.columns[name]
    return texts[at[row]!]!
  }

  const show = () => {
    body.replaceChildren(...found.slice(from, from + pageRows).map(rowOf))
    const last = Math.min(from + pageRows, found.length)
    range.textContent =
      found.length === 0 ? 'no alert' : `${from + 1} to ${last} of ${found.length}`
    before!.disabled = from === 0
    after!.disabled = last === found.length
  }
  const find = () => {
    const isSought = search(rows, field.value.trim())
    const isTicked = boxes.map(({ checked }) => checked)
    found = order.filter(row => isTicked[rows.severity[row]!]! && isSought(row))
    from = 0
    show()
  }
  const rowOf = (row: number): HTMLElement => {
    const severity = severities[rows.severity[row]!]!
    const opener = element(
      'button',
      { type: 'button', className: 'open' },
      text('title', row),
    )
    opener.setAttribute('aria-expanded', 'false')
    const shown = element(
      'tr',
      { className: severity },
      cell('time', shownTime(times[row]!)),
      cell('severity', severity),
      element(
        'td',
        { className: 'title' },
        opener,
        element('small', {}, text('rule', row)),
      ),
      cell('actor', text('actor', row)),
      cell('path', text('path', row)),
      cell('address', text('address', row)),
    )
    opener.addEventListener('click', () => {
      const isOpen = opener.getAttribute('aria-expanded') === 'true'
      opener.setAttribute('aria-expanded', String(!isOpen))
      if (isOpen) shown.nextElementSibling!.remove()
      else shown.after(detailsOf(row))
    })
    return shown
  }
  const detailsOf = (row: number): HTMLElement => {
    const terms = [
      ...details.map(column => [column, text(column, row)] as const),
      ['count', String(rows.count[row]!)] as const,
      ['request', rows.request[row]!] as const,
      ['alert', rows.id[row]!] as const,
    ].filter(([, value]) => value !== '')
    const list = terms.flatMap(([label, value]) => [
      element('dt', {}, label),
      element('dd', {}, value),
    ])
    const entry = entries[row]
    const shown =
      entry !== undefined
        ? [element('pre', {}, indented(entry))]
        : rows.hasEntry[row] === 1
          ? [element('p', {}, `${elsewhere} grep -F ${rows.id[row]!}`)]
          : []
    return element(
      'tr',
      { className: 'details' },
      element('td', { colSpan: headings.length }, element('dl', {}, ...list), ...shown),
    )
  }

  field.addEventListener('input', find)
  for (const box of boxes) box.addEventListener('change', find)
  before!.addEventListener('click', () => {
    from -= pageRows
    show()
  })
  after!.addEventListener('click', () => {
    from += pageRows
    show()
  })
  for (const heading of headings) {
    heading.addEventListener('click', () => {
      const { column } = heading.dataset
      const cell = heading.parentElement!
      const isUp = cell.ariaSort !== 'ascending'
      for (const { parentElement } of headings) parentElement!.ariaSort = null
      cell.ariaSort = isUp ? 'ascending' : 'descending'
      order = sorted(rows, column!)
      if (!isUp) order.reverse()
      find()
    })
  }
  find()
  return {
    search(text) {
      field.value = text
      for (const box of boxes) box.checked = true
      find()
      field.scrollIntoView({ block: 'start' })
    },
  }
}

function cell(name: string, text: string): HTMLElement {
  return element('td', { className: name }, text)
}

/** Whether a row has a text; of a column each text is looked into once. */
function search(rows: Rows, text: string): (row: number) => boolean {
  if (text === '') return () => true
  const [, name, value] = /^(rule|actor|path)=(.*)$/.exec(text) ?? []
  if (name !== undefined) {
    const { texts, at } = rows.columns[name as ColumnName]
    const place = texts.indexOf(value!)
    return row => at[row] === place
  }
  const sought = text.toLowerCase()
  const columns = Object.values(rows.columns).map(({ texts, at }) => {
    const has = texts.map(text => text.toLowerCase().includes(sought))
    return (row: number) => has[at[row]!]!
  })
  return row =>
    columns.some(has => has(row)) ||
    rows.id[row]!.includes(sought) ||
    rows.request[row]!.toLowerCase().includes(sought)
}

/** The rows in the order of a column; those alike in the order of time. */
function sorted(rows: Rows, column: string): number[] {
  const all = [...rows.times.keys()]
  if (column === 'time') return all
  const ranks =
    column === 'severity' ? rows.severity : ranksOf(rows, column as ColumnName)
  return all.sort((a, b) => ranks[a]! - ranks[b]! || a - b)
}

function ranksOf(rows: Rows, column: ColumnName): number[] {
  const { texts, at } = rows.columns[column]
  const rankOf = new Map(texts.toSorted().map((text, rank) => [text, rank]))
  const ranks = texts.map(text => rankOf.get(text)!)
  return at.map(place => ranks[place]!)
}

function indented(entry: string): string {
  try {
    return visible(JSON.stringify(JSON.parse(entry), null, 2))
  } catch {
    return visible(entry)
  }
}

function visible(text: string): string {
  return text.replace(invisible, hidden => `\\u${hidden.codePointAt(0)!.toString(16)}`)
}
