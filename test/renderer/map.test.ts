import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attachedTable, type RunSummary, type TableView } from '../../src-main/contract'
import { isInside, pointsInside } from '../../src-renderer/charts/map/lasso'
import {
  categoryColour,
  groundCodes,
  paletteOf,
  rampColour,
  rampStops,
} from '../../src-renderer/charts/map/palette'
import { buildGrid, nearestPoint } from '../../src-renderer/charts/map/pointGrid'
import { dotOf, drawPoints, pixelOf, strideOf, type Scene } from '../../src-renderer/charts/map/raster'
import { inSlices } from '../../src-renderer/charts/map/slices'
import {
  boundsOf,
  fit,
  mapX,
  mapY,
  pan,
  resized,
  screenX,
  screenY,
  zoomAt,
} from '../../src-renderer/charts/map/viewport'
import { darkChart, lightChart } from '../../src-renderer/charts/theme'
import { colorChoices, firstChoice } from '../../src-renderer/components/embeddings/map/colorChoices'
import { idsAsCsv } from '../../src-renderer/components/embeddings/map/selection'
import { pairOf, versionsOf } from '../../src-renderer/components/embeddings/map/versions'
import { bytesOf, floatsOf } from '../../src-renderer/packed'

function finish<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

const coordinate = fc.double({ min: -50, max: 50, noNaN: true }).map(Math.fround)
const cloud = fc
  .array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 200 })
  .map((pairs) => Float32Array.from(pairs.flat()))

describe('the view of a map', () => {
  const all = fit({ left: -4, right: 4, bottom: -1, top: 1 }, 800, 600)

  it('shows all bounds in one scale, and says where a place is both ways', () => {
    expect(all.scale).toBe((800 - 68) / 8)
    fc.assert(
      fc.property(coordinate, coordinate, (x, y) => {
        expect(mapX(all, screenX(all, x))).toBeCloseTo(x, 9)
        expect(mapY(all, screenY(all, y))).toBeCloseTo(y, 9)
      }),
    )
    expect(screenY(all, 1)).toBeLessThan(screenY(all, -1))
    expect(fit({ left: 2, right: 2, bottom: 3, top: 3 }, 100, 100)).toMatchObject({ x: 2, y: 3, scale: 1 })
  })

  it('zooms about the pointer, within bounds, and pans with it', () => {
    const near = zoomAt(all, 130, 470, 3, all)
    expect(mapX(near, 130)).toBeCloseTo(mapX(all, 130), 9)
    expect(mapY(near, 470)).toBeCloseTo(mapY(all, 470), 9)
    expect(near.scale).toBeCloseTo(3 * all.scale, 9)
    expect(zoomAt(all, 0, 0, 1e-9, all).scale).toBe(all.scale / 4)
    expect(zoomAt(all, 0, 0, 1e9, all).scale).toBe(all.scale * 4000)
    const moved = pan(all, 40, -25)
    expect(screenX(moved, 1)).toBeCloseTo(screenX(all, 1) + 40, 9)
    expect(screenY(moved, 1)).toBeCloseTo(screenY(all, 1) - 25, 9)
    expect(resized(all, 400, 600).scale).toBe(all.scale / 2)
  })

  it('is not pressed together by a few far points', () => {
    const points = new Float32Array(4002)
    for (let i = 0; i < 2000; i++) points.set([Math.sin(i), Math.cos(i)], 2 * i)
    points.set([1e6, -1e6], 4000)
    const { left, right, bottom, top } = boundsOf(points)
    expect(left).toBeCloseTo(-1, 1)
    expect(right).toBeLessThan(1.5)
    expect(bottom).toBeGreaterThan(-1.5)
    expect(top).toBeCloseTo(1, 1)
  })
})

describe('points under the pointer', () => {
  it('are the nearest within the radius, as by looking at all', () => {
    fc.assert(
      fc.property(
        cloud,
        coordinate,
        coordinate,
        fc.double({ min: 0.01, max: 30, noNaN: true }),
        (points, x, y, radius) => {
          const grid = finish(buildGrid(points))
          const found = nearestPoint(grid, points, x, y, radius)
          const distance = (point: number): number =>
            Math.hypot((points[2 * point] ?? 0) - x, (points[2 * point + 1] ?? 0) - y)
          const best = Math.min(...Array.from({ length: points.length / 2 }, (_, point) => distance(point)))
          if (found < 0) expect(best).toBeGreaterThan(radius * 0.999999)
          else expect(distance(found)).toBeCloseTo(best, 9)
        },
      ),
    )
  })

  it('are those inside of a lasso, whose outline may cross itself', () => {
    const square = [0, 0, 4, 0, 4, 4, 0, 4]
    expect([isInside(square, 2, 2), isInside(square, 5, 2), isInside(square, 2, -1)]).toEqual([
      true,
      false,
      false,
    ])
    const bow = [0, 0, 4, 4, 4, 0, 0, 4]
    expect([isInside(bow, 1, 2), isInside(bow, 3, 2), isInside(bow, 2, 1), isInside(bow, 2, 3)]).toEqual([
      true,
      true,
      false,
      false,
    ])
    fc.assert(
      fc.property(cloud, fc.array(coordinate, { minLength: 6, maxLength: 30 }), (points, corners) => {
        const outline = corners.slice(0, corners.length - (corners.length % 2))
        const truth = Array.from({ length: points.length / 2 }, (_, point) => point).filter((point) =>
          isInside(outline, points[2 * point] ?? 0, points[2 * point + 1] ?? 0),
        )
        expect([...finish(pointsInside(points, outline))]).toEqual(truth)
      }),
    )
  })
})

describe('the picture of a map', () => {
  const scene = (changes: Partial<Scene>): Scene => ({
    points: Float32Array.of(0, 0),
    codes: null,
    palette: new Uint32Array(256).fill(pixelOf('#ff0000')),
    ground: new Uint8Array(256),
    marked: null,
    dot: dotOf(2, 1),
    faint: dotOf(2, 0.25),
    ...changes,
  })
  const view = { x: 0, y: 0, scale: 1, width: 21, height: 21 }
  const white = pixelOf('#ffffff')
  const draw = (changes: Partial<Scene>): Uint32Array => {
    const pixels = new Uint32Array(21 * 21).fill(white)
    finish(drawPoints(scene(changes), view, pixels))
    return pixels
  }
  const at = (pixels: Uint32Array, x: number, y: number): number => pixels[(10 - y) * 21 + 10 + x] ?? 0

  it('has a dot where the point is, and nothing elsewhere', () => {
    const pixels = draw({ points: Float32Array.of(3, 4) })
    expect(at(pixels, 3, 4)).toBe(pixelOf('#ff0000'))
    expect(at(pixels, 3, -4)).toBe(white)
    expect(pixels.filter((pixel) => pixel !== white).length).toBe(dotOf(2, 1).dx.length)
    // Half covered pixels are mixed, and stay opaque.
    const half = draw({ dot: dotOf(2, 0.5) })
    expect(at(half, 0, 0)).toBe(pixelOf('#ff7f7f'))
  })

  it('leaves out what lies beyond its edges', () => {
    const points = Float32Array.of(500, 0, -500, 3, 0, 1e30, -1e30, 0)
    expect(draw({ points }).every((pixel) => pixel === white)).toBe(true)
  })

  it('lays points that stand out above the others, and those of no category beneath', () => {
    const points = Float32Array.of(0, 0, 0, 0, 0, 0)
    const palette = new Uint32Array(256).fill(pixelOf('#888888'))
    palette.set([pixelOf('#ff0000'), pixelOf('#00ff00')])
    const ground = new Uint8Array(256)
    ground[255] = 1
    for (const codes of [Uint8Array.of(255, 0, 255), Uint8Array.of(0, 255, 255), Uint8Array.of(255, 255, 0)])
      expect(at(draw({ points, palette, ground, codes }), 0, 0)).toBe(pixelOf('#ff0000'))
    const marked = Uint8Array.of(0, 1, 0)
    expect(at(draw({ points, palette, codes: Uint8Array.of(0, 1, 0), marked }), 0, 0)).toBe(
      pixelOf('#00ff00'),
    )
  })

  it('goes through all points in steps that meet each once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (count) => {
        const stride = strideOf(count)
        const seen = new Set(Array.from({ length: count }, (_, i) => (i * stride) % count))
        expect(seen.size).toBe(count)
      }),
    )
  })

  it('is drawn in slices, and given up where it is no longer wanted', async () => {
    let [clock, slices, wanted] = [0, 0, true]
    function* work(): Generator<void, string> {
      for (let i = 0; i < 100; i++) {
        clock += 3
        yield
      }
      return 'done'
    }
    const now = (): number => clock
    expect(
      await inSlices(
        work(),
        () => true,
        () => (slices += 1),
        now,
      ),
    ).toBe('done')
    expect(slices).toBe(33)
    const end = (): void => void (wanted = false)
    expect(await inSlices(work(), () => wanted, end, now)).toBeNull()
  })
})

describe('colours of points', () => {
  it('are the palette of the theme for categories, grey for all others and for none', () => {
    const legend = {
      kind: 'categories' as const,
      categories: [
        { label: 'Drama', points: 3 },
        { label: null, points: 2 },
      ],
    }
    const palette = paletteOf(legend, lightChart, false)
    expect(palette[0]).toBe(pixelOf(lightChart.series[0] ?? ''))
    expect(palette[1]).toBe(pixelOf(categoryColour(1, null, lightChart, false)))
    expect(palette[255]).not.toBe(palette[1])
    expect([...groundCodes(legend)].flatMap((value, code) => (value === 1 ? [code] : []))).toEqual([1, 255])
    expect(paletteOf(null, darkChart, true)[0]).toBe(pixelOf(darkChart.train))
  })

  it('are a ramp for numbers, whose high end stands off the ground of the theme', () => {
    const legend = { kind: 'numbers' as const, low: 0, high: 1, min: 0, max: 1, log: false }
    const light = paletteOf(legend, lightChart, false)
    expect(light[0]).toBe(pixelOf(rampStops(false)[0] ?? ''))
    expect(light[254]).toBe(pixelOf('#440154'))
    expect(paletteOf(legend, darkChart, true)[254]).toBe(pixelOf('#fde725'))
    expect(rampColour(['#000000', '#ffffff'], 0.5)).toBe('#808080')
    expect(rampColour(['#000000', '#ffffff'], 7)).toBe('#ffffff')
  })
})

const attached = attachedTable.parse({
  id: 'movieId',
  columns: ['movieId'],
  rows: 5,
  width: 2,
  frozen: false,
  source: { kind: 'mock', seed: 1 },
  hash: 'a',
})
const tableOf = (changes: Partial<TableView> = {}): TableView => ({
  id: 'movieId',
  columns: ['movieId'],
  rows: 5,
  width: 2,
  bytes: 40,
  frozen: false,
  attached: null,
  report: null,
  proof: null,
  ...changes,
})
const runOf = (id: string, hashBefore: string, hashAfter: string): RunSummary => ({
  id,
  status: 'completed',
  startedAt: '',
  finishedAt: null,
  architecture: 'dcn',
  target: 't',
  task: 'binary',
  seed: 1,
  epochs: [],
  tables: [
    {
      table: 'movieId',
      columns: ['movieId'],
      rows: 5,
      width: 2,
      frozen: hashBefore === hashAfter,
      hashBefore,
      hashAfter,
      changed: hashBefore !== hashAfter,
      meanRowMovement: 0,
      drift: [],
    },
  ],
  trains: [],
  locks: [],
  error: null,
  sentence: '',
})

describe('versions of a table', () => {
  it('are those whose rows differ, as attached first', () => {
    const table = tableOf({ attached })
    const runs = [runOf('r2', 'a', 'c'), runOf('r1', 'a', 'a')]
    const choices = versionsOf(table, runs)
    expect(choices.map(({ label }) => label)).toEqual(['As attached', 'After run r2'])
    const [asAttached, after] = choices
    if (!asAttached || !after) throw new Error('two versions were expected')
    const pair = { before: asAttached, after }
    expect(pairOf(asAttached, choices, 'movieId', runs)).toEqual(pair)
    expect(pairOf(after, choices, 'movieId', runs)).toEqual(pair)
  })

  it('of a random table exist in runs alone, and frozen ones have no before and after', () => {
    expect(versionsOf(tableOf(), [])).toEqual([])
    const runs = [
      runOf('r2', 'x', 'y'),
      runOf('r1', 'u', 'v'),
      { ...runOf('r0', 'm', 'n'), status: 'failed' as const },
    ]
    const choices = versionsOf(tableOf(), runs)
    expect(choices.map(({ label }) => label)).toEqual([
      'After run r2',
      'Before run r2',
      'After run r1',
      'Before run r1',
    ])
    const older = choices[3]
    if (!older) throw new Error('four versions were expected')
    expect(pairOf(older, choices, 'movieId', runs)?.after.label).toBe('After run r1')
    const frozen = [runOf('r1', 'a', 'a')]
    const [only] = versionsOf(tableOf(), frozen)
    expect(only && pairOf(only, [only], 'movieId', frozen)).toBeNull()
  })
})

describe('what a map is coloured by', () => {
  const columns = {
    title: null,
    columns: [
      { column: 'genre', kind: 'category' as const, ofId: true, distinct: 12 },
      { column: 'studio', kind: 'category' as const, ofId: true, distinct: 300 },
      { column: 'rating', kind: 'number' as const, ofId: false, distinct: 5 },
      { column: 'title', kind: 'text' as const, ofId: true, distinct: 900 },
    ],
  }

  it('are facts of an id and means over its rows; titles are no colours', () => {
    const groups = colorChoices(columns, null)
    expect(groups.map(({ choices }) => choices.map(({ label }) => label))).toEqual([
      ['One colour', 'Norm of the row'],
      ['genre', 'studio'],
      ['Rows of data', 'Mean rating'],
    ])
    expect(firstChoice(groups, columns)).toBe('column genre')
    expect(firstChoice(colorChoices(null, null), null)).toBe('count')
  })
})

describe('what crosses to the window', () => {
  it('is read back from base64', () => {
    const values = Float32Array.of(1.5, -2, 3e10)
    const text = btoa(String.fromCharCode(...new Uint8Array(values.buffer)))
    expect([...floatsOf(text)]).toEqual([...values])
    expect([...bytesOf(btoa(String.fromCharCode(0, 127, 255)))]).toEqual([0, 127, 255])
  })

  it('leaves it as CSV, with titles where there are any', () => {
    expect(idsAsCsv('movieId', [{ row: 1, id: '7', title: null }])).toBe('movieId\r\n7\r\n')
    expect(
      idsAsCsv('movie', [
        { row: 1, id: 'a,b', title: 'The "Best"' },
        { row: 2, id: 'c', title: null },
      ]),
    ).toBe('movie,title\r\n"a,b","The ""Best"""\r\nc,\r\n')
  })
})
