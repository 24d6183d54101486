import { mount } from '@vue/test-utils'
import fc from 'fast-check'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { GraftError, type TablesPreview } from '../../src-main/contract'
import { parseSplit } from '../../src-main/dataset/split/spec'
import ImportReport from '../../src-renderer/components/data/ImportReport.vue'
import ImportSheet from '../../src-renderer/components/tables/ImportSheet.vue'
import { dropKind, kindOfFile } from '../../src-renderer/composables/useDrop'
import {
  arrange,
  projectName,
  splitProblem,
  splitSpec,
  takesThreshold,
  targetSpec,
  usualSplit,
  withKind,
  type SplitChoice,
} from '../../src-renderer/stores/importForm'
import { start } from '../../src-renderer/stores/start'
import { useTables } from '../../src-renderer/stores/tables'
import { fakeMain, type FakeMain } from './support/fakeMain'
import { projectSnapshot, sessionSnapshot } from './support/snapshot'

type Column = TablesPreview['columns'][number]
const column = (name: string, fields: Partial<Column> = {}): Column => ({
  name,
  type: 'BIGINT',
  isList: false,
  joined: false,
  derived: false,
  role: 'feature',
  encoding: 'categorical',
  tags: ['categorical'],
  reason: 'its name says so',
  min: 1,
  max: 90,
  ...fields,
})
const preview = (fields: Partial<TablesPreview> = {}): TablesPreview => ({
  files: [{ path: '/dropped/ratings.csv', name: 'ratings.csv', bytes: 12 }],
  dialect: { delimiter: ',', quote: '"', header: true },
  joins: [],
  columns: [
    column('userId', { tags: ['categorical', 'user_id'] }),
    column('rating', { encoding: 'target', role: 'target', tags: ['target'] }),
    column('when', { type: 'TIMESTAMP', encoding: null, role: 'ignored', tags: ['time'] }),
  ],
  rows: [[1, 4, '2026-01-02 03:04:05']],
  sampled: 1,
  whole: true,
  target: 'rating',
  warnings: [],
  ...fields,
})
const brought = (name: string, bytes: number): { path: string; name: string; bytes: number } => ({
  path: `/${name}`,
  name,
  bytes,
})
const uses = (files: ReturnType<typeof arrange>): string[] => files.map(({ use }) => use)

describe('files that come together', () => {
  it('are parts by their names, pieces of one table, or tables joined to the largest', () => {
    expect(
      uses(arrange([brought('test.csv', 1), brought('train.csv', 9), brought('valid.csv', 2)], [])),
    ).toEqual(['test', 'train', 'validation'])
    expect(uses(arrange([brought('part-0.parquet', 1), brought('part-1.parquet', 2)], []))).toEqual([
      'rows',
      'rows',
    ])
    expect(uses(arrange([brought('users.csv', 3), brought('ratings.csv', 90)], []))).toEqual(['join', 'rows'])
  })

  it('that come later are joined, and none comes twice', () => {
    const first = arrange([brought('ratings.csv', 5)], [])
    const then = arrange([brought('ratings.csv', 5), brought('movies.csv', 500)], first)
    expect(uses(then)).toEqual(['rows', 'join'])
  })
})

describe('the split chooser', () => {
  const name = fc.string({ minLength: 1 }).filter((text) => !text.includes(':'))
  const choice = fc.record({
    kind: fc.constantFrom('all', 'random', 'time', 'group', 'leave-last-out', 'column'),
    column: name,
    time: fc.option(fc.string({ minLength: 1 })),
    validation: fc.integer({ min: 0, max: 49 }),
    test: fc.integer({ min: 0, max: 50 }),
  })

  it('writes what main reads back as the same split', () => {
    fc.assert(
      fc.property(choice, (chosen: SplitChoice) => {
        expect(splitProblem(chosen)).toBeNull()
        const read = parseSplit(splitSpec(chosen))
        expect(read.kind).toBe(chosen.kind)
        if ('column' in read) expect(read.column).toBe(chosen.column)
        if ('user' in read) expect(read).toMatchObject({ user: chosen.column, time: chosen.time })
        if ('shares' in read) {
          expect(read.shares[1]).toBeCloseTo(chosen.validation / 100, 6)
          expect(read.shares[2]).toBeCloseTo(chosen.test / 100, 6)
        }
      }),
    )
  })

  it('splits by time where there is one, and proposes the column that goes with each kind', () => {
    const { columns } = preview()
    const usual = usualSplit(columns)
    expect(splitSpec(usual)).toBe('time:when:0.8,0.1,0.1')
    expect(splitSpec(usualSplit([column('a')]))).toBe('random:0.8,0.1,0.1')
    expect(splitSpec(withKind(usual, 'leave-last-out', columns))).toBe('leave-last-out:userId:when')
    expect(withKind(usual, 'column', columns).column).toBeNull()
  })

  it('refuses shares that leave nothing to train on, and a missing column', () => {
    const usual = usualSplit([])
    expect(splitProblem({ ...usual, validation: 50, test: 50 })).toContain('less than 100 %')
    expect(splitProblem({ ...usual, kind: 'group' })).toContain('Choose the column')
    expect(splitProblem({ ...usual, kind: 'leave-last-out', column: 'a:b' })).toContain('colon')
  })
})

describe('the target and the name', () => {
  it('are written as main reads them', () => {
    expect(targetSpec(null, 3)).toBeNull()
    expect(targetSpec('rating', 3.5)).toBe('rating>3.5')
    expect(takesThreshold(column('rating'))).toBe(true)
    expect(takesThreshold(column('click', { min: 0, max: 1 }))).toBe(false)
    expect(takesThreshold(column('title', { type: 'VARCHAR' }))).toBe(false)
    expect(projectName('my ratings (2).csv.gz')).toBe('my-ratings-2')
    expect(projectName('(.csv')).toBe('table')
  })
})

describe('a dropped file', () => {
  it.each(['a.csv', 'a.TSV', 'a.jsonl', 'a.parquet', 'a.csv.gz', 'a.json.gz', 'a.txt.zst'])(
    '%s is a table',
    (name) => expect(dropKind(name)).toBe('table'),
  )

  it('called .json is a schema or a table by what it holds', async () => {
    const kind = (text: string): Promise<string> => kindOfFile(new File([text], 'x.json'))
    expect(await kind('{"feature": [{"name": "a"}]}')).toBe('schema')
    expect(await kind('[{"a": 1}]')).toBe('table')
    expect(await kind('{"a": 1}\n{"a": 2}\n')).toBe('table')
  })
})

describe('the import sheet', () => {
  let main: FakeMain
  beforeEach(() => {
    document.body.innerHTML = ''
    setActivePinia(createPinia())
    main = fakeMain()
  })

  async function open(fields: Partial<TablesPreview> = {}): Promise<void> {
    main.answer('session.connect', () => sessionSnapshot({ project: projectSnapshot({ dataset: null }) }))
    main.answer('tables.preview', () => preview(fields))
    await start()
    mount(ImportSheet, { attachTo: document.body })
    await useTables().bring([new File(['userId,rating\n'], 'ratings.csv')])
    await vi.waitFor(() => expect(find('import-preview')).not.toBeNull())
  }
  const find = (id: string): HTMLElement | null => document.querySelector(`[data-testid=${id}]`)
  const submit = (): HTMLButtonElement | null => document.querySelector('button[data-testid=import-submit]')
  const calls = (name: string): unknown[] =>
    main.calls.filter((call) => call.name === name).map(({ input }) => input)

  it('shows what was found and imports it into the open project that has no rows', async () => {
    main.answer('tables.import', () => ({ job: 'job-7' }))
    await open({ warnings: ['column x gives the answer away'] })
    expect(document.body.textContent).toContain('column x gives the answer away')
    expect(find('import-column-userId')?.textContent).toContain('its name says so')
    await vi.waitFor(() => expect(submit()?.disabled).toBe(false))
    submit()?.form?.requestSubmit()
    await vi.waitFor(() => expect(calls('tables.import')).toHaveLength(1))
    expect(calls('tables.import')).toEqual([
      {
        files: [{ part: null, path: '/dropped/ratings.csv' }],
        joins: [],
        options: { delimiter: null, quote: null, header: null },
        split: 'time:when:0.8,0.1,0.1',
        seed: 42,
        target: null,
        uses: {},
        newProject: null,
        derived: [],
      },
    ])
    const job = { id: 'job-7', kind: 'import' as const, title: 'Import tables', phase: '', unit: 'rows' }
    const numbers = { done: 1, total: 1, rate: null, secondsLeft: null, error: null }
    const rows = { train: 1, validation: 0, test: 0 }
    const result = {
      rows,
      columns: [],
      unseen: [],
      split: { parts: [], ids: [] },
      leaks: [],
      changedDomains: [],
      warnings: ['look here'],
    }
    main.emit({ name: 'job.changed', data: { job: { ...job, ...numbers, state: 'done', result } } })
    await vi.waitFor(() => expect(useTables().files).toEqual([]))
    expect(useTables().report?.warnings).toEqual(['look here'])
  })

  it('keeps an error with where it is, and cannot be sent off', async () => {
    await open()
    main.answer('tables.preview', () => {
      throw new GraftError('invalid-file', 'ratings.csv, line 3: 4 cells.', 'Correct the line.', { line: 3 })
    })
    useTables().change('/dropped/ratings.csv', { use: 'train' })
    await useTables().bring([new File([''], 'users.csv')])
    await vi.waitFor(() => expect(document.querySelector('[role=alert]')).not.toBeNull())
    const alert = document.querySelector('[role=alert]')
    expect(alert?.textContent).toContain('line 3: 4 cells.')
    expect(alert?.textContent).toContain('Correct the line.')
    expect(submit()?.disabled).toBe(true)
  })

  it('waits for the key of a table that cannot be joined by its names', async () => {
    await open({
      joins: [{ path: '/x', name: 'x.csv', bytes: 1, on: null, key: null, columns: ['a'] }],
    })
    await vi.waitFor(() => expect(document.body.textContent).toContain('Say by what columns x.csv is joined'))
    expect(submit()?.disabled).toBe(true)
  })
})

describe('the report of an import', () => {
  it('lists warnings and the share of ids that training does not know, the largest first', async () => {
    setActivePinia(createPinia())
    const report = mount(ImportReport, {
      props: {
        report: {
          rows: { train: 8, validation: 1, test: 1 },
          columns: [],
          unseen: [
            { column: 'user', part: 'test' as const, share: 0.1 },
            { column: 'item', part: 'test' as const, share: 0.5 },
          ],
          split: { parts: [], ids: [] },
          leaks: [],
          changedDomains: [],
          warnings: ['age tells the target almost alone'],
        },
      },
    })
    await nextTick()
    const text = report.text().replace(/\u202f/g, ' ')
    expect(text).toContain('Imported 10 rows')
    expect(text).toContain('age tells the target almost alone')
    expect(text.indexOf('item')).toBeLessThan(text.indexOf('user'))
    expect(text).toContain('50 % of test')
    await report.get('[aria-label="Dismiss the report"]').trigger('click')
    expect(report.emitted('close')).toHaveLength(1)
  })
})
