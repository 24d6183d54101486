import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { GraftError, type VectorFile } from '../../src-main/contract'
import ErrorAlert from '../../src-renderer/components/common/ErrorAlert.vue'
import SettingsForm from '../../src-renderer/components/common/SettingsForm.vue'
import AttachSheet from '../../src-renderer/components/embeddings/AttachSheet.vue'
import LockButton from '../../src-renderer/components/embeddings/LockButton.vue'
import LayerDiagram from '../../src-renderer/components/model/LayerDiagram.vue'
import FreezeProof from '../../src-renderer/components/runs/FreezeProof.vue'
import TagPicker from '../../src-renderer/components/schema/TagPicker.vue'
import RunOutcome from '../../src-renderer/components/train/RunOutcome.vue'
import { useAction } from '../../src-renderer/composables/useAction'
import { start } from '../../src-renderer/stores/start'
import { fakeMain, type FakeMain } from './support/fakeMain'
import { projectSnapshot, runSummary, sessionSnapshot, tableView } from './support/snapshot'

let main: FakeMain
beforeEach(() => {
  document.body.innerHTML = ''
  setActivePinia(createPinia())
  main = fakeMain()
})

describe('an action', () => {
  it('is pending while it runs, runs once at a time and keeps its error', async () => {
    let reject = (_error: Error): void => undefined
    const action = useAction(() => new Promise((_resolve, fail) => (reject = fail)))
    const first = action.run()
    expect(action.pending.value).toBe(true)
    expect(await action.run()).toBe(false)
    reject(new GraftError('disk-full', 'No space left.', 'Free some.'))
    expect(await first).toBe(false)
    expect(action.pending.value).toBe(false)
    expect(action.error.value).toMatchObject({ code: 'disk-full', hint: 'Free some.' })
  })

  it('does not call a cancellation a failure', async () => {
    const action = useAction(() => Promise.reject(new GraftError('cancelled', 'Cancelled.')))
    await action.run()
    expect(action.error.value).toBeNull()
  })
})

describe('an error', () => {
  it('says what is wrong and what to do, to everyone', () => {
    const alert = mount(ErrorAlert, { props: { error: { message: 'Too short.', hint: 'Send more.' } } })
    expect(alert.attributes('role')).toBe('alert')
    expect(alert.text()).toContain('Too short.')
    expect(alert.text()).toContain('Send more.')
    expect(
      mount(ErrorAlert, { props: { error: null } })
        .find('[role=alert]')
        .exists(),
    ).toBe(false)
  })
})

describe('the tag picker', () => {
  it('takes back what excludes the new tag', async () => {
    const picker = mount(TagPicker, { props: { tags: ['categorical', 'user'] } })
    const button = picker.findAll('button').find((one) => one.text() === 'continuous')
    await button?.trigger('click')
    expect(picker.emitted('change')).toEqual([[['user', 'continuous']]])
  })

  it('takes back a tag that is on', async () => {
    const picker = mount(TagPicker, { props: { tags: ['categorical', 'user'] } })
    await picker
      .findAll('button')
      .find((one) => one.attributes('aria-pressed') === 'true')
      ?.trigger('click')
    expect(picker.emitted('change')).toEqual([[['user']]])
  })
})

describe('attaching vectors', () => {
  const fits = [{ column: 'user', exact: true, sentence: '11 × 4 fits user' }]
  const file = (fields: Partial<VectorFile['arrays'][number]> = {}): VectorFile => ({
    path: '/dropped/plots.npy',
    name: 'plots.npy',
    format: 'npy',
    bytes: 304,
    keyFields: [],
    keyField: null,
    arrays: [{ name: '', dtype: 'float32', shape: [11, 4], keyed: false, fits, refusal: null, ...fields }],
  })
  const open = async (given: VectorFile): Promise<VueWrapper> => {
    main.answer('session.connect', () =>
      sessionSnapshot({ project: projectSnapshot({ tables: [tableView('movie'), tableView('user')] }) }),
    )
    await start()
    main.answer('embeddings.preview', () => ({ job: 'p' }))
    main.answer('jobs.cancel', () => ({}))
    main.answer('jobs.dismiss', () => ({}))
    const sheet = mount(AttachSheet, { props: { files: [] }, attachTo: document.body })
    await sheet.setProps({ files: [{ file: given, sidecar: null }] })
    await nextTick()
    return sheet
  }

  it('proposes the best column, frozen, and asks main to attach it', async () => {
    main.answer('embeddings.attach', () => ({ job: 'a' }))
    await open(file())
    expect(document.body.textContent).toContain('11 × 4 fits user')
    document.querySelector<HTMLFormElement>('[data-testid=attach-sheet]')?.requestSubmit()
    await expect
      .poll(() => main.calls.find((call) => call.name === 'embeddings.attach')?.input)
      .toMatchObject({
        column: 'user',
        path: '/dropped/plots.npy',
        array: null,
        frozen: true,
        byPosition: true,
        add: false,
        extraRows: null,
      })
  })

  it('says why a file cannot be attached, and offers nothing', async () => {
    await open(file({ refusal: 'plots.npy holds Python objects.', fits: [] }))
    expect(document.body.textContent).toContain('plots.npy holds Python objects.')
    expect(document.querySelector('[data-testid=attach-submit]')?.hasAttribute('disabled')).toBe(true)
  })

  it('says when no column fits', async () => {
    await open(file({ shape: [12, 4], fits: [] }))
    expect(document.body.textContent).toContain('No column has a table of 12 rows.')
  })

  it('shows main’s refusal in place', async () => {
    main.answer('embeddings.attach', () => {
      throw new GraftError('non-finite', 'plots.npy has NaN in row 3.', 'Replace it.')
    })
    await open(file())
    document.querySelector<HTMLFormElement>('[data-testid=attach-sheet]')?.requestSubmit()
    await expect.poll(() => document.body.textContent).toContain('plots.npy has NaN in row 3.')
  })
})

describe('the lock', () => {
  it('cannot be turned on a random table', () => {
    const lock = mount(LockButton, { props: { table: tableView('movie'), pending: false } })
    expect(lock.attributes('disabled')).toBeDefined()
    expect(lock.text()).toBe('Trains from random')
  })
})

describe('settings', () => {
  it('shows defaults and says what was changed', async () => {
    const form = mount(SettingsForm, {
      props: {
        fields: [{ name: 'shuffle', title: 'Shuffle', help: 'Mix.', kind: 'switch' as const }],
        values: {},
        defaults: { shuffle: true },
      },
    })
    const toggle = form.get('[role=switch]')
    expect(toggle.attributes('aria-checked')).toBe('true')
    await toggle.trigger('click')
    expect(form.emitted('change')).toEqual([['shuffle', false]])
  })
})

describe('what became of a run', () => {
  it('tells a crash plainly, with what to do, and lets train again', async () => {
    const error = new GraftError(
      'crashed',
      'The trainer was ended by signal SIGKILL.',
      'Start a new run.',
    ).toWire()
    const run = runSummary('r', { status: 'crashed', error, sentence: 'Crashed in epoch 3.' })
    const outcome = mount(RunOutcome, { props: { run, starting: false } })
    expect(outcome.get('[role=alert]').text()).toContain('Crashed in epoch 3.')
    expect(outcome.text()).toContain('SIGKILL')
    expect(outcome.text()).toContain('is kept')
    await outcome.findAll('button')[0]?.trigger('click')
    expect(outcome.emitted('again')).toHaveLength(1)
  })

  it('offers the export of a finished run', () => {
    const outcome = mount(RunOutcome, { props: { run: runSummary('r'), starting: false } })
    expect(outcome.text()).toContain('Export model')
  })

  it('marks a frozen table that changed', () => {
    const table = {
      table: 'movie',
      columns: ['movie'],
      rows: 11,
      width: 8,
      frozen: true,
      hashBefore: 'a'.repeat(64),
      hashAfter: 'b'.repeat(64),
      changed: true,
      meanRowMovement: 0.1,
      drift: [],
    }
    expect(mount(FreezeProof, { props: { tables: [table] } }).text()).toContain('Frozen, but changed')
    const kept = { ...table, hashAfter: table.hashBefore, changed: false }
    expect(mount(FreezeProof, { props: { tables: [kept] } }).text()).toContain('every byte unchanged')
  })
})

describe('the diagram', () => {
  it('names every block and is worked by keyboard', async () => {
    const layers = [
      {
        id: 'c',
        kind: 'column' as const,
        title: 'movie',
        inputs: [],
        shape: [null, 1],
        parameters: 0,
        trainableParameters: 0,
        detail: '',
      },
      {
        id: 't',
        kind: 'table' as const,
        title: 'movie table',
        inputs: ['c'],
        shape: [null, 8],
        parameters: 88,
        trainableParameters: 0,
        detail: 'Looked up.',
      },
    ]
    const diagram = mount(LayerDiagram, { props: { layers, selected: null } })
    const [, table] = diagram.findAll('[role=button]')
    expect(table?.attributes('aria-label')).toBe('movie table: batch × 8, 88 parameters, frozen. Looked up.')
    await table?.trigger('keydown', { key: 'Enter' })
    expect(diagram.emitted('select')).toEqual([['t']])
  })
})
