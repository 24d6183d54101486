import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  documentCommand,
  tableUse,
  tableUseChanges,
  trainingChanges,
  trainingSettings,
} from '../../src-main/contract'
import TableUseForm from '../../src-renderer/components/embeddings/TableUseForm.vue'
import { useChange, useFields, useNotes, useValues } from '../../src-renderer/components/embeddings/useFields'
import RunLocks from '../../src-renderer/components/train/RunLocks.vue'
import { locksNow } from '../../src-renderer/components/train/locks'
import { runSummary, tableView } from './support/snapshot'

const schema = z.toJSONSchema(tableUse, { io: 'input' })
const frozen = tableView('movie', { frozen: true })

describe('the form of a table’s use', () => {
  it('has a field for everything that has an effect', () => {
    const names = (fields: { name: string }[]): string[] => fields.map(({ name }) => name)
    expect(names(useFields(schema, frozen, {}))).toEqual([
      'projection.width',
      'residual',
      'learningRateScale',
      'l2',
      'unfreezeAtEpoch',
      'dropout',
      'maxNorm',
    ])
    const projected = { projection: { width: 8, hidden: null } }
    expect(names(useFields(schema, tableView('movie'), projected))).toEqual([
      'projection.width',
      'projection.hidden',
      'learningRateScale',
      'l2',
      'dropout',
      'maxNorm',
    ])
  })

  it('turns a projection on, widens it and takes it off', () => {
    expect(useChange({}, 'projection.width', 16)).toEqual({ projection: { width: 16, hidden: null } })
    const use = { projection: { width: 16, hidden: null } }
    expect(useChange(use, 'projection.hidden', 64)).toEqual({ projection: { width: 16, hidden: 64 } })
    expect(useChange(use, 'projection.width', null)).toEqual({ projection: null })
    expect(useValues(use)).toMatchObject({ 'projection.width': 16 })
    expect(() => useChange({}, 'dropout', 1)).toThrow()
  })

  it('says in a few words what is unusual', () => {
    const use = tableUse.parse({ projection: { width: 32 }, dropout: 0.1, unfreezeAtEpoch: 3 })
    expect(useNotes(use, true)).toEqual(['→ 32', 'from epoch 3', 'dropout 0.1'])
    expect(useNotes(use, false)).toEqual(['→ 32', 'dropout 0.1'])
    expect(useNotes(tableUse.parse({}), true)).toEqual([])
  })

  it('offers to sum the tables of a column that has several', async () => {
    const tables = [
      { name: 'movie', width: 8 },
      { name: 'movie-2', width: 8 },
    ]
    const shared = [{ column: 'movie', tables, combination: 'concat' as const }]
    const form = mount(TableUseForm, { props: { schema, table: frozen, use: {}, shared } })
    expect(form.text()).toContain('The 2 tables of movie')
    await form.get('[data-testid=combine-movie] input[value=sum]').setValue(true)
    expect(form.emitted('combine')).toEqual([['movie', 'sum']])
  })

  it('does not offer to sum tables of different widths, and says why', () => {
    const tables = [
      { name: 'movie', width: 8 },
      { name: 'movie-2', width: 12 },
    ]
    const shared = [{ column: 'movie', tables, combination: 'concat' as const }]
    const form = mount(TableUseForm, { props: { schema, table: frozen, use: {}, shared } })
    const choice = (value: string) => form.get(`[data-testid=combine-movie] input[value=${value}]`)
    expect(choice('sum').attributes('disabled')).toBeDefined()
    expect(choice('concat').attributes('disabled')).toBeUndefined()
    expect(form.text()).toContain('movie has 8, movie-2 has 12')
  })
})

describe('an edit of some settings', () => {
  it('changes no others', () => {
    const edit = documentCommand.parse({ type: 'setUse', table: 't', changes: { dropout: 0.1 } })
    expect(edit).toEqual({ type: 'setUse', table: 't', changes: { dropout: 0.1 } })
    const training = documentCommand.parse({ type: 'setTraining', changes: { epochs: 2 } })
    expect(training).toEqual({ type: 'setTraining', changes: { epochs: 2 } })
  })

  it('can change every one of them', () => {
    expect(Object.keys(tableUseChanges.shape)).toEqual(Object.keys(tableUse.shape))
    expect(Object.keys(trainingChanges.shape)).toEqual(Object.keys(trainingSettings.shape))
  })
})

describe('the locks of a run', () => {
  const run = runSummary('r', {
    status: 'running',
    trains: [
      { table: 'movie', columns: ['movie'], frozen: true },
      { table: 'user', columns: ['user'], frozen: false },
    ],
    locks: [
      { table: 'movie', frozen: false, step: 3, epoch: 1 },
      { table: 'movie', frozen: true, step: 9, epoch: 2 },
      { table: 'user', frozen: true, step: 9, epoch: 2 },
    ],
  })

  it('are as they were last turned', () => {
    expect(locksNow(run).map((table) => table.frozen)).toEqual([true, true])
  })

  it('are turned by a click', async () => {
    const locks = mount(RunLocks, { props: { run, pending: null } })
    await locks.get('[data-testid=run-lock-movie]').trigger('click')
    expect(locks.emitted('turn')).toEqual([['movie', false]])
  })
})
