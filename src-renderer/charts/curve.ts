import type { EChartsOption, LineSeriesOption } from 'echarts'
import { type EpochResult, type LockEvent, type StepMetrics, type TableResult } from '../../src-main/contract'
import { metric } from '../format'
import { chartFont, type ChartTheme } from './theme'

/** Points kept of a run's steps: more than any screen is wide, few enough to draw at every event. */
const keptSteps = 2000

/** Adds new steps to a curve; past `kept` points every second one of the older is left out. Steps never go back. */
export function appendSteps(
  steps: readonly StepMetrics[],
  more: readonly StepMetrics[],
  kept = keptSteps,
): StepMetrics[] {
  const last = steps.at(-1)?.step ?? -1
  let all = [...steps, ...more.filter((step) => step.step > last)]
  while (all.length > kept) all = all.filter((_, index) => index % 2 === 0 || index === all.length - 1)
  return all
}

export type CurveMetric = 'loss' | 'auc' | 'rmse'

export interface Curve {
  steps: readonly StepMetrics[]
  epochs: readonly EpochResult[]
  /** Steps of one epoch, to lay steps and epochs on one axis. */
  stepsPerEpoch: number
  /** Epochs that the run will have. */
  lastEpoch: number
  /** Locks that were turned: a flag each, where the first step that it was in force for begins. */
  locks?: readonly LockEvent[]
}

const strokes = ['solid', 'dashed', 'dotted'] as const

const titles: Record<CurveMetric, string> = { loss: 'Loss', auc: 'AUC', rmse: 'RMSE' }

/** Loss, AUC or RMSE of one run over its epochs: every step thin, each epoch's result of both parts as a marked line. */
export function curveOption(curve: Curve, which: CurveMetric, theme: ChartTheme): EChartsOption {
  const perStep = which === 'loss' ? lossPoints(curve) : scorePoints(curve, which)
  const train = pointsOf(curve.epochs, 'train', which)
  const validation = pointsOf(curve.epochs, 'validation', which)
  const values = [...perStep, ...train, ...validation].flatMap(([, value]) => value ?? [])
  return {
    ...frame(theme, titles[which], curve.lastEpoch, spansDecades(values)),
    series: [
      {
        id: 'steps',
        name: which === 'loss' ? 'Train, each step' : 'Train, so far in the epoch',
        type: 'line',
        data: perStep,
        symbol: 'none',
        silent: true,
        sampling: 'lttb',
        lineStyle: { width: 1, color: theme.train, opacity: which === 'loss' ? 0.35 : 0.5 },
        itemStyle: { color: theme.train, opacity: 0.5 },
      },
      { ...marked('train', 'Train', train, theme.train, theme, 'circle'), ...lockFlags(curve, theme) },
      ...(validation.length > 0
        ? [marked('validation', 'Validation', validation, theme.validation, theme, 'rect')]
        : []),
    ],
  }
}

/** An upright line for each turn of a lock, with the table's name; those of one step stand as one. */
function lockFlags(
  { locks = [], stepsPerEpoch }: Curve,
  theme: ChartTheme,
): Pick<LineSeriesOption, 'markLine'> {
  const byStep = new Map<number, string[]>()
  for (const { table, frozen, step } of locks)
    byStep.set(step, [...(byStep.get(step) ?? []), `${table} ${frozen ? 'locked' : 'unlocked'}`])
  return {
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      lineStyle: { color: theme.muted, type: 'dashed', width: 1 },
      data: [...byStep].map(([step, words]) => ({
        xAxis: step / Math.max(stepsPerEpoch, 1),
        label: {
          formatter: words.join('\n'),
          position: 'insideEndTop' as const,
          color: theme.text,
          fontFamily: chartFont,
          fontSize: 11,
          textBorderColor: theme.surface,
          textBorderWidth: 3,
        },
      })),
    },
  }
}

/** How far the rows of each table that trained were from where they began, epoch by epoch. */
export function driftOption(tables: readonly TableResult[], theme: ChartTheme): EChartsOption {
  const moved = tables.filter(({ drift }) => drift.length > 0)
  const lastEpoch = Math.max(1, ...moved.map(({ drift }) => drift.length))
  return {
    ...frame(theme, 'Mean row movement (L2)', lastEpoch),
    series: moved.map(({ table, drift }, index) => {
      const colour = theme.series[index % theme.series.length] ?? theme.train
      const points = [[0, 0], ...drift.map((distance, epoch) => [epoch + 1, distance])]
      const series = marked(table, table, points, colour, theme, 'circle')
      return { ...series, lineStyle: { ...series.lineStyle, type: strokes[index % strokes.length] } }
    }),
  }
}

function lossPoints({ steps, stepsPerEpoch }: Curve): (number | null)[][] {
  return steps.map((step) => [step.step / Math.max(stepsPerEpoch, 1), step.loss])
}

/**
 * The AUC or RMSE so far in each epoch. It begins anew with every epoch; over the first rows it says nothing yet and would
 * stretch the axis, so the first tenth is left out and the epochs' lines do not join.
 */
function scorePoints({ steps, stepsPerEpoch }: Curve, which: 'auc' | 'rmse'): (number | null)[][] {
  const size = Math.max(stepsPerEpoch, 1)
  let epoch = 0
  return steps.flatMap((step) => {
    const points: (number | null)[][] = []
    if (step.epoch !== epoch) points.push([step.epoch - 1, null])
    epoch = step.epoch
    const within = step.step - (step.epoch - 1) * size
    const value = step[which] ?? null
    if (value !== null && within > size / 10) points.push([step.step / size, value])
    return points
  })
}

/**
 * Whether values are better read on a logarithmic axis: the squared error of first steps can be ten thousand times that of
 * later ones, which would all lie on the axis.
 */
export function spansDecades(values: readonly number[]): boolean {
  let [least, most] = [Infinity, 0]
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)]
  return least > 0 && most > 30 * least
}

/** The chosen metric of several runs, one colour a run; validation where a run has it, else train. */
export function overlayOption(
  runs: readonly { name: string; epochs: readonly EpochResult[] }[],
  which: CurveMetric,
  theme: ChartTheme,
): EChartsOption {
  const lastEpoch = Math.max(1, ...runs.map((run) => run.epochs.length))
  const lines = runs.map(({ name, epochs }) => {
    const held = epochs.some((epoch) => epoch.validation !== null)
    const points = pointsOf(epochs, held ? 'validation' : 'train', which)
    return { id: name, name: `${name} (${held ? 'validation' : 'train'})`, points }
  })
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value))
  return {
    ...frame(theme, titles[which], lastEpoch, spansDecades(values)),
    series: lines.map(({ id, name, points }, index) => {
      const colour = theme.series[index % theme.series.length] ?? theme.train
      const series = marked(id, name, points, colour, theme, 'circle')
      // Equal runs lie on each other: strokes that differ let both be seen.
      return { ...series, lineStyle: { ...series.lineStyle, type: strokes[index % strokes.length] } }
    }),
  }
}

/** A metric at the end of each epoch in which the part has it. */
function pointsOf(
  epochs: readonly EpochResult[],
  part: 'train' | 'validation',
  which: CurveMetric,
): [epoch: number, value: number][] {
  return epochs.flatMap((result) => {
    const value = result[part]?.[which] ?? null
    return value === null ? [] : [[result.epoch, value]]
  })
}

function marked(
  id: string,
  name: string,
  data: number[][],
  colour: string,
  theme: ChartTheme,
  symbol: string,
): LineSeriesOption {
  return {
    id,
    name,
    type: 'line',
    data,
    symbol,
    symbolSize: 7,
    showSymbol: true,
    lineStyle: { width: 2, color: colour },
    itemStyle: { color: colour, borderColor: theme.surface, borderWidth: 1 },
    emphasis: { disabled: true },
  }
}

function frame(theme: ChartTheme, yTitle: string, lastEpoch: number, logarithmic = false): EChartsOption {
  const text = { color: theme.muted, fontFamily: chartFont, fontSize: 12 }
  return {
    animation: false,
    textStyle: { fontFamily: chartFont },
    grid: { left: 56, right: 16, top: 34, bottom: 40 },
    legend: {
      top: 0,
      right: 8,
      itemWidth: 16,
      itemHeight: 8,
      itemGap: 16,
      textStyle: { ...text },
      inactiveColor: theme.line,
    },
    tooltip: {
      trigger: 'axis',
      backgroundColor: theme.surface,
      borderColor: theme.line,
      textStyle: { color: theme.text, fontSize: 12, fontFamily: chartFont },
      axisPointer: { type: 'line', lineStyle: { color: theme.muted, type: 'dashed' } },
      valueFormatter: (value) => (typeof value === 'number' ? metric(value) : ''),
    },
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.max(lastEpoch, 1),
      minInterval: 1,
      name: 'Epoch',
      nameLocation: 'middle',
      nameGap: 24,
      nameTextStyle: text,
      axisLabel: text,
      axisLine: { lineStyle: { color: theme.muted } },
      axisTick: { show: true, lineStyle: { color: theme.muted } },
      splitLine: { lineStyle: { color: theme.line } },
    },
    yAxis: {
      ...(logarithmic ? { type: 'log' as const } : { type: 'value' as const, scale: true }),
      name: yTitle,
      nameLocation: 'end',
      nameGap: 14,
      nameTextStyle: { ...text, align: 'left', padding: [0, 0, 0, -48] },
      axisLabel: { ...text, formatter: (value: number) => tick(value) },
      splitLine: { lineStyle: { color: theme.line } },
    },
  }
}

/** Axis labels without noise of binary fractions: 0.693, not 0.6930000001. */
function tick(value: number): string {
  return String(Number(value.toPrecision(6)))
}
