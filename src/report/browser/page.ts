import type { PageData } from '../page-data.js'
import { drawCharts } from './charts.js'
import { createTable } from './table.js'

const data = JSON.parse(document.getElementById('data')!.textContent) as PageData
document.documentElement.classList.add('scripted')

const table = createTable(data)
const redraw = drawCharts(data, (column, name) => table.search(`${column}=${name}`))

// Canvases hold the colours they were drawn in. Paper is white, whatever the screen is.
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
const print = (isPrinting: boolean) => () => {
  document.documentElement.classList.toggle('printing', isPrinting)
  redraw()
}
addEventListener('beforeprint', print(true))
addEventListener('afterprint', print(false))
