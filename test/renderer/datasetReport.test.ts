import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type Problem, type SplitReport } from '../../src-main/contract'
import ProblemList from '../../src-renderer/components/common/ProblemList.vue'
import SplitTable from '../../src-renderer/components/data/SplitTable.vue'
import { useUi } from '../../src-renderer/stores/ui'
import { fakeMain, type FakeMain } from './support/fakeMain'
import { projectSnapshot } from './support/snapshot'

let main: FakeMain
beforeEach(() => {
  setActivePinia(createPinia())
  main = fakeMain()
})

const leak: Problem = {
  severity: 'warning',
  place: 'schema',
  column: 'paid',
  code: 'leak-target',
  message: 'Column paid tells label almost alone: AUC 1.000 by itself on training rows.',
  hint: 'Set its role to ignored.',
  fix: {
    label: 'Ignore paid',
    command: { type: 'setColumns', columns: ['paid'], changes: { role: 'ignored' } },
  },
}

describe('a problem with a fix', () => {
  it('is mended by one click, which sends the edit and does not jump', async () => {
    main.answer('project.execute', () => projectSnapshot())
    const list = mount(ProblemList, { props: { problems: [leak] } })
    await list.get('[data-testid=fix]').trigger('click')
    await vi.waitFor(() => expect(main.calls).toHaveLength(1))
    const ignore = { type: 'setColumns', columns: ['paid'], changes: { role: 'ignored' } }
    expect(main.calls[0]).toEqual({ name: 'project.execute', input: { command: ignore } })
    expect(list.emitted('go')).toBeUndefined()
    await list.get('button').trigger('click')
    expect(list.emitted('go')).toEqual([[leak]])
  })
})

describe('the parts side by side', () => {
  it('lists ids before other columns, then by unseen rows, and shares of rows', async () => {
    const report: SplitReport = {
      parts: [
        { part: 'train', rows: 80, targetRate: 0.5 },
        { part: 'test', rows: 20, targetRate: 0.4 },
      ],
      ids: [
        { column: 'city', part: 'test', distinct: null, known: null, unseenRows: 10, missingRows: 0 },
        { column: 'age', part: 'test', distinct: null, known: null, unseenRows: 0, missingRows: 5 },
        { column: 'user', part: 'test', distinct: 8, known: 6, unseenRows: 2, missingRows: 1 },
      ],
    }
    const table = mount(SplitTable, { props: { report } })
    const rows = table
      .findAll('tbody tr')
      .map((row) => row.findAll('th, td').map((cell) => cell.text().replace(/\u202f/g, ' ')))
    expect(rows).toEqual([
      ['user', '8', '75 %', '10 %', '5 %'],
      ['city', '–', '–', '50 %', '0 %'],
      ['age', '–', '–', '0 %', '25 %'],
    ])
    await table.get('tbody button').trigger('click')
    expect(useUi().column).toBe('user')
  })
})
