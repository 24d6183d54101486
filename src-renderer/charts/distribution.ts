import type { EChartsOption } from 'echarts'
import { type ColumnProfile, type Histogram, type TableStatistics } from '../../src-main/contract'
import { count, real } from '../format'
import { chartFont, type ChartTheme } from './theme'

const tooltipOf = (theme: ChartTheme): EChartsOption['tooltip'] => ({
  trigger: 'item',
  backgroundColor: theme.surface,
  borderColor: theme.line,
  textStyle: { color: theme.text, fontSize: 12, fontFamily: chartFont },
})

/** A histogram with both axes labelled; `xTitle` with its unit. */
export function histogramOption(histogram: Histogram, xTitle: string, theme: ChartTheme): EChartsOption {
  const text = { color: theme.muted, fontFamily: chartFont, fontSize: 11 }
  const ranges = histogram.counts.map(
    (_, index) => `${real(histogram.edges[index])} to ${real(histogram.edges[index + 1])}`,
  )
  return {
    animation: false,
    grid: { left: 48, right: 8, top: 30, bottom: 36 },
    tooltip: {
      ...tooltipOf(theme),
      formatter: (items) => {
        const item = Array.isArray(items) ? items[0] : items
        const index = item?.dataIndex ?? 0
        return `${ranges[index] ?? ''}<br>${count(histogram.counts[index])} rows`
      },
    },
    xAxis: {
      type: 'category',
      data: histogram.counts.map((_, index) => edgeLabel(histogram, index)),
      name: xTitle,
      nameLocation: 'middle',
      nameGap: 22,
      nameTextStyle: text,
      axisLabel: { ...text, hideOverlap: true },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.muted } },
    },
    yAxis: {
      type: 'value',
      name: 'rows',
      nameGap: 12,
      nameTextStyle: { ...text, align: 'right' },
      splitNumber: 3,
      axisLabel: { ...text, formatter: (value: number) => shortTick(value) },
      splitLine: { lineStyle: { color: theme.line } },
    },
    series: [{ type: 'bar', data: histogram.counts, barCategoryGap: '8%', itemStyle: { color: theme.bar } }],
  }
}

/** The most frequent values, most frequent first, as horizontal bars. */
export function topValuesOption(top: NonNullable<ColumnProfile['top']>, theme: ChartTheme): EChartsOption {
  const text = { color: theme.muted, fontFamily: chartFont, fontSize: 11 }
  return {
    animation: false,
    grid: { left: 72, right: 52, top: 4, bottom: 4 },
    xAxis: { type: 'value', show: false },
    yAxis: {
      type: 'category',
      inverse: true,
      data: top.map((entry) => entry.value),
      axisLabel: { ...text, width: 64, overflow: 'truncate' },
      axisTick: { show: false },
      axisLine: { show: false },
    },
    series: [
      {
        type: 'bar',
        data: top.map((entry) => entry.count),
        barCategoryGap: '28%',
        itemStyle: { color: theme.bar },
        label: {
          show: true,
          position: 'right',
          ...text,
          formatter: ({ value }) => (typeof value === 'number' ? count(value) : ''),
        },
      },
    ],
  }
}

/** A table's rows on the first two principal components of a sample. */
export function mapOption(statistics: TableStatistics, theme: ChartTheme): EChartsOption {
  const points = statistics.pointRows.map((_, index) => [
    statistics.points[index * 2] ?? 0,
    statistics.points[index * 2 + 1] ?? 0,
  ])
  const text = { color: theme.muted, fontFamily: chartFont, fontSize: 11 }
  const axis = (name: string): object => ({
    type: 'value',
    scale: true,
    name,
    nameLocation: 'middle',
    nameGap: 10,
    nameTextStyle: text,
    axisLabel: { show: false },
    axisTick: { show: false },
    axisLine: { show: true, onZero: false, lineStyle: { color: theme.line } },
    splitLine: { show: false },
  })
  return {
    animation: false,
    grid: { left: 24, right: 8, top: 8, bottom: 24 },
    tooltip: {
      ...tooltipOf(theme),
      formatter: (items) => {
        const item = Array.isArray(items) ? items[0] : items
        return `id ${count(statistics.pointRows[item?.dataIndex ?? 0])}`
      },
    },
    xAxis: axis('Component 1'),
    yAxis: axis('Component 2'),
    series: [
      {
        type: 'scatter',
        data: points,
        symbolSize: 3,
        large: true,
        largeThreshold: 5000,
        itemStyle: { color: theme.train, opacity: 0.55 },
      },
    ],
  }
}

/** A bin's lower edge with no more digits than the range has room for. */
function edgeLabel({ edges }: Histogram, index: number): string {
  const range = (edges.at(-1) ?? 0) - (edges[0] ?? 0)
  const digits = range >= 20 || range === 0 ? 0 : Math.ceil(-Math.log10(range / 20))
  return real(Number((edges[index] ?? 0).toFixed(Math.min(digits, 12))))
}

function shortTick(value: number): string {
  return value >= 1e6 ? `${value / 1e6} M` : value >= 1e3 ? `${value / 1e3} k` : String(value)
}
