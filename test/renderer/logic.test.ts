import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { trainingSettings } from '../../src-main/contract'
import { formFields, parseNumbers } from '../../src-renderer/components/common/formFields'
import { attachChoices } from '../../src-renderer/components/embeddings/attachChoices'
import { lockOf } from '../../src-renderer/components/embeddings/lock'
import { treeLines } from '../../src-renderer/components/export/tree'
import { differences } from '../../src-renderer/components/runs/status'
import { bestEpoch, trainTiles } from '../../src-renderer/components/train/tiles'
import { searchEntries, searchIn } from '../../src-renderer/stores/search'
import { pagesOf, rowsInPlaces, rowView } from '../../src-renderer/composables/rowWindow'
import { dropKind } from '../../src-renderer/composables/useDrop'
import { epoch, projectSnapshot, runSummary, tableView } from './support/snapshot'

describe('rows in sight', () => {
  const anyTable = fc.record({
    rows: fc.integer({ min: 1, max: 50_000_000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    viewport: fc.integer({ min: 100, max: 2000 }),
  })

  it('fills the viewport wherever the scroll bar stands, in tables of any length', () => {
    fc.assert(
      fc.property(anyTable, ({ rows, share, viewport }) => {
        const rowHeight = 28
        const height = rowView(0, viewport, rows, rowHeight).height
        const scrollTop = share * Math.max(height - viewport, 0)
        const view = rowView(scrollTop, viewport, rows, rowHeight)
        expect(view.from).toBeGreaterThanOrEqual(0)
        expect(view.to).toBeLessThanOrEqual(rows)
        expect(view.height).toBeLessThanOrEqual(16_000_000)
        expect(view.top).toBeLessThanOrEqual(scrollTop + 1e-6)
        const bottom = view.top + (view.to - view.from) * rowHeight
        expect(bottom + 1e-3).toBeGreaterThanOrEqual(Math.min(scrollTop + viewport, rows * rowHeight, height))
      }),
    )
  })

  it('reaches the first and the last row', () => {
    expect(rowView(0, 600, 5_000_000, 28).from).toBe(0)
    expect(rowView(1e12, 600, 5_000_000, 28).to).toBe(5_000_000)
  })

  it('keeps a row in its place while it is drawn, and draws as many as there are places', () => {
    const natural = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(natural(500), natural(500), natural(60), natural(400), (from, next, places, rows) => {
        const [before, after] = [rowsInPlaces(from, places, rows), rowsInPlaces(next, places, rows)]
        const drawn = Math.min(places, rows)
        const start = Math.max(0, Math.min(from, rows - drawn))
        const order = [...before].sort((a, b) => a - b)
        expect(order).toEqual(Array.from({ length: drawn }, (_, i) => start + i))
        before.forEach((row, place) => after.includes(row) && expect(after.indexOf(row)).toBe(place))
      }),
    )
  })

  it('asks for exactly the pages that hold the rows', () => {
    expect(pagesOf(0, 0, 200)).toEqual([])
    expect(pagesOf(199, 201, 200)).toEqual([0, 1])
    expect(pagesOf(200, 400, 200)).toEqual([1])
  })
})

describe('forms from schemas', () => {
  it('draws the contract’s training settings', () => {
    const drawn = formFields(z.toJSONSchema(trainingSettings, { io: 'input' }), ['optimizer'])
    expect(drawn.map((field) => [field.name, field.kind])).toEqual([
      ['epochs', 'number'],
      ['batchSize', 'number'],
      ['seed', 'number'],
      ['shuffle', 'switch'],
      ['stepsPerEpoch', 'number'],
      ['rowMemory', 'number'],
    ])
    expect(drawn[0]).toMatchObject({ title: 'Epochs', min: 1, max: 10_000, whole: true })
  })

  it('knows choices, lists of numbers, nullable numbers and plain integers', () => {
    const settings = z.object({
      structure: z.enum(['stacked', 'parallel']),
      units: z.array(z.int().min(1)),
      dropout: z.number().min(0).max(1).nullable(),
      anyInteger: z.int(),
      nested: z.object({ inner: z.string() }),
    })
    const drawn = formFields(z.toJSONSchema(settings))
    expect(drawn).toMatchObject([
      { name: 'structure', kind: 'choice', options: ['stacked', 'parallel'] },
      { name: 'units', kind: 'numbers', whole: true, min: 1 },
      { name: 'dropout', kind: 'number', nullable: true, min: 0, max: 1 },
      { name: 'anyInteger', kind: 'number', min: null, max: null, title: 'Any integer' },
    ])
    expect(drawn).toHaveLength(4)
  })

  it('reads lists of numbers', () => {
    expect(parseNumbers('64, 32', true, 1)).toEqual([64, 32])
    expect(parseNumbers('', true, 1)).toEqual([])
    expect(parseNumbers('64; 0', true, 1)).toBeNull()
    expect(parseNumbers('1.5', true, 1)).toBeNull()
    expect(parseNumbers('a', false, null)).toBeNull()
  })
})

describe('embeddings', () => {
  const attached = {
    id: 't',
    columns: ['movie'],
    rows: 11,
    width: 4,
    frozen: true,
    extraRows: 0,
    extraKeys: null,
    source: { kind: 'mock' as const, seed: 1 },
    hash: 'h',
  }
  const proof = { run: 'r', frozen: true, changed: false, meanRowMovement: 0 }

  it('shows the lock in its states', () => {
    expect(lockOf(tableView('movie'))).toBe('random')
    expect(lockOf(tableView('movie', { attached }))).toBe('open')
    expect(lockOf(tableView('movie', { attached, frozen: true }))).toBe('closed')
    expect(lockOf(tableView('movie', { attached, frozen: true, proof }))).toBe('proved')
    expect(lockOf(tableView('movie', { attached, frozen: true, proof: { ...proof, changed: true } }))).toBe(
      'broken',
    )
    expect(lockOf(tableView('movie', { attached, frozen: true, proof: { ...proof, frozen: false } }))).toBe(
      'closed',
    )
  })

  it('offers what fits first, and says what the others need', () => {
    const array = {
      name: '',
      dtype: 'float32',
      shape: [11, 4],
      keyed: false,
      fits: [{ column: 'user', exact: true, sentence: 'fits user' }],
      refusal: null,
    }
    const tables = [tableView('movie', { rows: 99 }), tableView('user')]
    expect(attachChoices(array, tables, true)).toEqual([
      { column: 'user', fits: true, hint: '' },
      { column: 'movie', fits: false, hint: 'needs 99 rows' },
    ])
    const keyed = {
      ...array,
      keyed: true,
      fits: [{ ...array.fits[0], column: 'user', exact: false, sentence: '', matched: 8, ids: 10 }],
    }
    expect(attachChoices(keyed, tables, false)).toEqual([
      { column: 'user', fits: true, hint: '8 of 10 ids' },
      { column: 'movie', fits: true, hint: 'no key is an id of it' },
    ])
  })

  it.each([
    ['plots.NPY', 'vectors'],
    ['a.npz', 'vectors'],
    ['schema.pbtxt', 'schema'],
    ['graft.json', 'project'],
    ['my project', 'unknown'],
    ['rows.parquet', 'table'],
    ['photo.png', 'unknown'],
  ])('takes %s as %s', (name, kind) => expect(dropKind(name)).toBe(kind))
})

describe('training', () => {
  it('finds the best epoch by validation where there is one', () => {
    expect(bestEpoch([])).toBeNull()
    expect(bestEpoch([epoch(1, 0.6), epoch(2, 0.8), epoch(3, 0.7)])?.epoch).toBe(2)
    const noAuc = [epoch(1), epoch(2)].map((one) => ({ ...one, train: { loss: one.train.loss, auc: null } }))
    expect(bestEpoch(noAuc)?.epoch).toBe(2)
  })

  it('tells of a run before, while and after', () => {
    expect(trainTiles(null, null, 5)[0]).toMatchObject({ value: '–', note: 'not started' })
    const running = runSummary('r', { status: 'running' })
    const progress = {
      run: 'r',
      phase: 'training' as const,
      epoch: 3,
      epochs: 5,
      step: 40,
      stepsPerEpoch: 98,
      rowsPerSecond: 104_000,
      secondsLeft: 12,
    }
    const tiles = trainTiles(running, progress, 5).map((tile) =>
      `${tile.value} | ${tile.note}`.replaceAll('\u202f', ' '),
    )
    expect(tiles[0]).toBe('3 of 5 | training, step 40 of 98')
    expect(tiles[1]).toBe('104 k rows/s | now')
    expect(tiles[2]).toBe('12.0 s | 4.0 s so far')
    expect(trainTiles(runSummary('r'), null, 2)[0]).toMatchObject({ value: '2 of 2', note: 'completed' })
  })
})

describe('runs and exports', () => {
  it('names only the settings that differ', () => {
    const documents = [
      { seed: 1, model: { layers: [64, 32] }, same: true },
      { seed: 2, model: { layers: [64] }, same: true },
    ]
    expect(differences(documents)).toEqual([
      { path: 'model.layers', values: ['[64,32]', '[64]'] },
      { path: 'seed', values: ['1', '2'] },
    ])
  })

  it('lists files as a tree with the sums of folders', () => {
    const lines = treeLines([
      { name: 'variables/variables.index', bytes: 1 },
      { name: 'saved_model.pb', bytes: 10, description: 'graph' },
      { name: 'variables/variables.data', bytes: 5 },
    ])
    expect(lines.map((line) => [line.depth, line.name, line.bytes])).toEqual([
      [0, 'saved_model.pb', 10],
      [0, 'variables', 6],
      [1, 'variables.data', 5],
      [1, 'variables.index', 1],
    ])
  })
})

describe('search', () => {
  const entries = searchEntries(projectSnapshot(), [runSummary('20260102-030405')])
  const titles = (text: string): string[] =>
    searchIn(entries, text).map((entry) => `${entry.kind} ${entry.title}`)

  it('offers the steps where nothing is asked', () => expect(titles('')[0]).toBe('step Data'))

  it('finds by name first, then by what it is', () => {
    expect(titles('mo')).toEqual(['step Model', 'column movie', 'table movie'])
    expect(titles('item_id')).toEqual(['column movie'])
    expect(titles('completed')).toEqual(['run 20260102-030405'])
    expect(titles('nothing at all')).toEqual([])
  })
})
