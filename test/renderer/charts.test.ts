import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type LayerView, type StepMetrics } from '../../src-main/contract'
import {
  appendSteps,
  curveOption,
  driftOption,
  overlayOption,
  spansDecades,
} from '../../src-renderer/charts/curve'
import { layOut, pathThrough } from '../../src-renderer/charts/diagram'
import { histogramOption, topValuesOption } from '../../src-renderer/charts/distribution'
import { bars, cloud, sparkline } from '../../src-renderer/charts/svg'
import { darkChart, lightChart } from '../../src-renderer/charts/theme'
import { epoch } from './support/snapshot'

const step = (number: number, perEpoch = 10): StepMetrics => ({
  step: number,
  epoch: Math.ceil(number / perEpoch),
  loss: 0.7,
  meanLoss: 0.7,
  auc: 0.5,
})
const steps = (count: number): StepMetrics[] => Array.from({ length: count }, (_, index) => step(index + 1))

const drawnSeries = z.array(
  z.looseObject({ id: z.string(), data: z.array(z.tuple([z.number(), z.number().nullable()])) }),
)
const seriesOf = (option: { series?: unknown }): z.infer<typeof drawnSeries> =>
  drawnSeries.parse(option.series)

describe('curves', () => {
  it('lays steps and epochs on one axis', () => {
    const curve = { steps: steps(20), epochs: [epoch(1), epoch(2)], stepsPerEpoch: 10, lastEpoch: 5 }
    const series = seriesOf(curveOption(curve, 'loss', lightChart))
    expect(series.map((one) => one.id)).toEqual(['steps', 'train'])
    expect(series[0]?.data.at(-1)).toEqual([2, 0.7])
    expect(series[1]?.data.map(([x]) => x)).toEqual([1, 2])
  })

  it('draws validation where there is one', () => {
    const curve = { steps: [], epochs: [epoch(1, 0.6, true)], stepsPerEpoch: 10, lastEpoch: 1 }
    expect(seriesOf(curveOption(curve, 'auc', lightChart)).map((one) => one.id)).toContain('validation')
  })

  it('begins the AUC of an epoch where it says something, and joins no two epochs', () => {
    const curve = { steps: steps(20), epochs: [], stepsPerEpoch: 10, lastEpoch: 2 }
    const points = seriesOf(curveOption(curve, 'auc', lightChart))[0]?.data ?? []
    expect(points.filter(([, value]) => value === null).map(([x]) => x)).toEqual([0, 1])
    expect(points.some(([x, value]) => value !== null && x > 1 && x < 1.15)).toBe(false)
  })

  it('reads what spans decades on a logarithmic axis, and nothing that is not above zero', () => {
    expect(spansDecades([73_000, 2.3, 2.2])).toBe(true)
    expect(spansDecades([0.7, 0.1])).toBe(false)
    expect(spansDecades([1000, 0])).toBe(false)
    expect(spansDecades([])).toBe(false)
    const steep = { steps: [], epochs: [epoch(1, 900), epoch(2, 2)], stepsPerEpoch: 1, lastEpoch: 2 }
    expect(curveOption(steep, 'auc', lightChart).yAxis).toMatchObject({ type: 'log' })
    expect(curveOption({ ...steep, epochs: [epoch(1)] }, 'loss', lightChart).yAxis).toMatchObject({
      type: 'value',
    })
  })

  it('overlays runs in colours that stay apart', () => {
    const runs = ['a', 'b', 'c'].map((name) => ({ name, epochs: [epoch(1)] }))
    for (const theme of [lightChart, darkChart]) {
      const colours = seriesOf(overlayOption(runs, 'loss', theme)).map((one) => JSON.stringify(one))
      expect(new Set(colours).size).toBe(3)
    }
  })
})

describe('appendSteps', () => {
  it('adds only what is new', () => {
    expect(appendSteps(steps(3), [step(3), step(4)]).map((one) => one.step)).toEqual([1, 2, 3, 4])
  })

  it('stays small, keeps the order and the newest step', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        let all: StepMetrics[] = []
        let next = 1
        for (const size of sizes) {
          all = appendSteps(
            all,
            Array.from({ length: size }, () => step(next++)),
            100,
          )
          expect(all.length).toBeLessThanOrEqual(100)
          expect(all.at(-1)?.step).toBe(next - 1)
        }
        const numbers = all.map((one) => one.step)
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      }),
    )
  })
})

describe('small plots', () => {
  it('never leaves its box', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 50 }), (values) => {
        const numbers = [...sparkline(values, 96, 24).matchAll(/[ML]([\d.]+),([\d.]+)/g)]
        for (const [, x, y] of numbers) {
          expect(Number(x)).toBeLessThanOrEqual(96)
          expect(Number(y)).toBeLessThanOrEqual(24)
        }
      }),
    )
  })

  it('shows a rare value', () => {
    expect(bars([1_000_000, 1, 0], 30, 28).map((bar) => bar.height)).toEqual([28, 1, 0])
  })

  it('keeps the form of a cloud', () => {
    const statistics = {
      norms: { min: 0, mean: 0, max: 0, histogram: { edges: [0, 1], counts: [1] } },
      points: [2, 0, 0, 1],
      pointRows: [0, 1],
    }
    expect(cloud(statistics, 100, 10, 0)).toEqual([
      { x: 100, y: 50 },
      { x: 50, y: 25 },
    ])
  })
})

describe('distributions', () => {
  it('labels bins without noise', () => {
    const option = histogramOption(
      { edges: [0, 0.333333333, 0.666666, 1], counts: [1, 2, 3] },
      'x',
      lightChart,
    )
    expect(JSON.stringify(option.xAxis)).toContain('"0","0.33","0.67"')
  })

  it('lists the most frequent value first', () => {
    const option = topValuesOption([{ value: 'a', count: 3 }], lightChart)
    expect(JSON.stringify(option.yAxis)).toContain('"inverse":true')
  })
})

const layer = (
  id: string,
  kind: LayerView['kind'],
  inputs: string[],
  width = 8,
  trainable = 1,
): LayerView => ({
  id,
  kind,
  title: id,
  inputs,
  shape: [null, width],
  parameters: kind === 'column' || kind === 'concat' ? 0 : 1,
  trainableParameters: trainable,
  detail: '',
})

describe('the layer diagram', () => {
  const layers = [
    layer('movie', 'column', [], 1),
    layer('score', 'column', [], 1),
    layer('movie table', 'table', ['movie'], 128, 0),
    layer('input', 'concat', ['movie table', 'score'], 129),
    layer('cross 1', 'cross', ['input'], 129),
    layer('cross 2', 'cross', ['input', 'cross 1'], 129),
    layer('output', 'output', ['cross 2'], 1),
  ]

  it('goes from left to right', () => {
    const { blocks } = layOut(layers)
    const at = new Map(blocks.map((block) => [block.layer.id, block.x]))
    for (const one of layers)
      for (const input of one.inputs) expect(at.get(one.id) ?? 0).toBeGreaterThan(at.get(input) ?? 0)
  })

  it('lays no block over another and none outside of itself', () => {
    const { blocks, width, height } = layOut(layers)
    for (const one of blocks) {
      expect(one.x + one.width).toBeLessThanOrEqual(width)
      expect(one.y + one.height).toBeLessThanOrEqual(height)
      for (const other of blocks)
        if (one !== other) {
          const apart =
            one.x + one.width <= other.x ||
            other.x + other.width <= one.x ||
            one.y + one.height <= other.y ||
            other.y + other.height <= one.y
          expect(apart, `${one.layer.id} and ${other.layer.id}`).toBe(true)
        }
    }
  })

  it('hatches what is frozen, and draws what is wider thicker', () => {
    const { blocks, ribbons } = layOut(layers)
    expect(blocks.filter((block) => block.frozen).map((block) => block.layer.id)).toEqual(['movie table'])
    const thick = (from: string): number => ribbons.find((ribbon) => ribbon.from === from)?.thickness ?? 0
    expect(thick('movie table')).toBeGreaterThan(thick('score'))
  })

  it('lights the whole path through a layer', () => {
    expect([...pathThrough(layers, 'score')].sort()).toEqual([
      'cross 1',
      'cross 2',
      'input',
      'output',
      'score',
    ])
  })
})

describe('locks and drift', () => {
  const curve = { steps: [], epochs: [], stepsPerEpoch: 50, lastEpoch: 3 }

  it('a lock turned in mid-run is a flag at its step, one for all turned there', () => {
    const locks = [
      { table: 'movie', frozen: false, step: 75, epoch: 2 },
      { table: 'user', frozen: true, step: 75, epoch: 2 },
    ]
    const option = curveOption({ ...curve, locks }, 'loss', lightChart)
    const marks = JSON.stringify(option.series)
    expect(marks).toContain('"xAxis":1.5')
    expect(marks).toContain('movie unlocked\\nuser locked')
  })

  it('draws the drift of the tables that trained from 0 on', () => {
    const table = (name: string, drift: number[]) => ({
      table: name,
      columns: [name],
      rows: 2,
      width: 2,
      frozen: drift.length === 0,
      hashBefore: '',
      hashAfter: '',
      changed: drift.length > 0,
      meanRowMovement: 0,
      drift,
    })
    const option = driftOption([table('movie', [0, 0.5]), table('user', [])], lightChart)
    expect(option.series).toMatchObject([
      {
        name: 'movie',
        data: [
          [0, 0],
          [1, 0],
          [2, 0.5],
        ],
      },
    ])
  })
})
