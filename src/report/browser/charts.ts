import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LinearScale,
  Tooltip,
  type ChartConfiguration,
} from 'chart.js'
import { nameless, type ColumnName, type PageData } from '../page-data.js'
import type { Counts, Tally } from '../tally.js'
import { shownTime } from '../shown-time.js'

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip)

const day = 86_400_000

/** What a chart counts, by severity. */
interface Bars {
  readonly labels: readonly string[]
  readonly counts: readonly Counts[]
}

/**
 * Draws all charts of the page, in the colours that its style has at this time, and gives a
 * function that draws them anew. A click on the bar of a name calls `onPick` with the column that
 * the chart is of, and the name.
 */
export function drawCharts(
  data: PageData,
  onPick: (column: ColumnName, name: string) => void,
): () => void {
  const names = (tally: Tally): Bars => {
    const { names: more, counts } = tally.others
    const others = `${tally.isCut ? 'at least ' : ''}${more} others`
    const hasOthers = more > 0 || tally.isCut
    return {
      labels: [...tally.top.map(({ name }) => name), ...(hasOthers ? [others] : [])],
      counts: [...tally.top.map(({ counts }) => counts), ...(hasOthers ? [counts] : [])],
    }
  }
  const { start, step, bars } = data.timeline
  const times: Bars = {
    labels: bars.map((_, i) => {
      const time = shownTime(start + i * step)
      // `11-23 08:00`: the year stands above, and a phone is narrow.
      return step < day ? time.slice(5, 16) : time.slice(0, 10)
    }),
    counts: bars,
  }
  const drawNames = (column: ColumnName, tally: Tally) =>
    draw(`by-${column}`, names(tally), data, 'y', i => {
      const name = tally.top[i]?.name
      if (name !== undefined && name !== nameless) onPick(column, name)
    })
  const drawAll = () => [
    draw('over-time', times, data, 'x'),
    drawNames('rule', data.byRule),
    drawNames('actor', data.byActor),
    drawNames('path', data.byPath),
  ]
  let drawn = drawAll()
  return () => {
    for (const chart of drawn) chart.destroy()
    drawn = drawAll()
  }
}

function draw(
  id: string,
  { labels, counts }: Bars,
  { severities }: PageData,
  indexAxis: 'x' | 'y',
  onPick?: (i: number) => void,
): Chart {
  const canvas = document.getElementById(id) as HTMLCanvasElement
  const box = canvas.parentElement!
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  // A row for each name, however many there are.
  if (indexAxis === 'y') box.style.height = `${labels.length * 26 + 40}px`
  const room = box.clientWidth < 500 ? 18 : 34
  const ticks = { color: colour('soft') }
  const whole = { precision: 0, ...ticks }
  const grid = { color: colour('line') }
  const byName = {
    grid: { display: false },
    ticks: {
      ...ticks,
      ...(indexAxis === 'x'
        ? { maxRotation: 0, autoSkipPadding: 16 }
        : { autoSkip: false }),
      callback: (_: unknown, i: number) => shortened(labels[i]!, room),
    },
  }
  const byCount = { beginAtZero: true, grid, ticks: whole }
  const configuration: ChartConfiguration<'bar'> = {
    type: 'bar',
    data: {
      labels: [...labels],
      datasets: severities
        .map((severity, i) => ({
          label: severity,
          data: counts.map(of => of[i]!),
          backgroundColor: colour(severity),
          maxBarThickness: 40,
          stack: 'all',
        }))
        .filter(({ data }) => data.some(count => count > 0)),
    },
    options: {
      indexAxis,
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: 'index', axis: indexAxis, intersect: false },
      scales:
        indexAxis === 'x'
          ? { x: { stacked: true, ...byName }, y: { stacked: true, ...byCount } }
          : { x: { stacked: true, ...byCount }, y: { stacked: true, ...byName } },
      plugins: { tooltip: { filter: ({ raw }) => raw !== 0 } },
      ...(onPick && {
        onClick: (_, [bar]) => bar && onPick(bar.index),
      }),
    },
  }
  return new Chart(canvas, configuration)
}

/** What tells one path from another is more often its end than its middle. */
function shortened(label: string, room: number): string {
  if (label.length <= room) return label
  const half = Math.floor((room - 1) / 2)
  return `${label.slice(0, half)}…${label.slice(-half)}`
}
