import { mount, type VueWrapper } from '@vue/test-utils'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { computed, ref, shallowRef } from 'vue'
import { type ColumnView, type Problem } from '../../src-main/contract'
import SchemaGrid from '../../src-renderer/components/schema/SchemaGrid.vue'
import {
  arrangeColumns,
  nextSort,
  noFilter,
  problemsByColumn,
  type Sort,
} from '../../src-renderer/components/schema/arrangement'
import {
  fields,
  moveCursor,
  parseDomainMax,
  parseWidth,
  remarkOn,
} from '../../src-renderer/components/schema/fields'
import { useRowSelection } from '../../src-renderer/composables/useRowSelection'
import { columnView } from './support/snapshot'

const problem = (column: string, fields: Partial<Problem> = {}): Problem => ({
  severity: 'error',
  place: 'schema',
  column,
  code: 'no-domain',
  message: `${column} has no domain`,
  hint: 'Set one.',
  ...fields,
})

describe('the cursor', () => {
  const keys = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown']
  it('moves within its borders, by any keys', () => {
    const press = fc.tuple(fc.constantFrom(...keys), fc.boolean())
    fc.assert(
      fc.property(fc.array(press), fc.integer({ min: 1, max: 40 }), (pressed, rows) => {
        let cursor = { row: 0, field: 0 }
        for (const [key, far] of pressed) cursor = moveCursor(key, cursor, rows, 5, far) ?? cursor
        expect(cursor.row).toBeLessThan(rows)
        expect(Math.min(cursor.row, cursor.field)).toBeGreaterThanOrEqual(0)
        expect(cursor.field).toBeLessThan(fields.length)
      }),
    )
    expect(moveCursor('x', { row: 0, field: 0 }, 3)).toBeNull()
    expect(moveCursor('ArrowDown', { row: 0, field: 0 }, 0)).toBeNull()
    expect(moveCursor('End', { row: 3, field: 1 }, 500, 10, true)).toEqual({ row: 499, field: 4 })
  })
})

describe('the arrangement', () => {
  const columns = [
    columnView('c10', { domain: { name: 'a', min: 0, max: 5 }, tags: ['item_id', 'categorical'] }),
    columnView('c2', { role: 'ignored', changed: ['role'] }),
    columnView('label', { role: 'target', domain: null }),
    columnView('c1', { domain: { name: 'b', min: 0, max: 900 }, tags: ['user'] }),
  ]
  const problems = problemsByColumn([problem('label', { severity: 'warning' }), problem('c2')])
  const arrange = (fields: Partial<typeof noFilter>, sort: Sort | null = null): string[] =>
    arrangeColumns(columns, { ...noFilter, ...fields }, sort, problems)

  it('filters by every word, role, tag, problem and change', () => {
    expect(arrange({ text: 'USER feature' })).toEqual(['c1'])
    expect(arrange({ role: 'target' })).toEqual(['label'])
    expect(arrange({ tag: 'item_id' })).toEqual(['c10'])
    expect(arrange({ only: 'problems' })).toEqual(['c2', 'label'])
    expect(arrange({ only: 'changed' })).toEqual(['c2'])
    expect(arrange({})).toEqual(['c10', 'c2', 'label', 'c1'])
  })

  it('sorts by any header, numbers in names as numbers', () => {
    expect(arrange({}, { key: 'name', down: false })).toEqual(['c1', 'c2', 'c10', 'label'])
    expect(arrange({}, { key: 'domain', down: true })[0]).toBe('c1')
    expect(arrange({}, { key: 'role', down: false })[0]).toBe('label')
    expect(arrange({}, { key: 'problems', down: false }).slice(0, 2)).toEqual(['c2', 'label'])
  })

  it('keeps every column, whatever it is sorted by', () => {
    const keys = fc.constantFrom<Sort['key']>('name', 'problems', ...fields)
    fc.assert(
      fc.property(keys, fc.boolean(), (key, down) => {
        expect(arrange({}, { key, down }).sort()).toEqual(columns.map(({ name }) => name).sort())
      }),
    )
  })

  it('goes from up to down and back to the order of the schema', () => {
    const up = nextSort(null, 'width')
    expect(up).toEqual({ key: 'width', down: false })
    expect(nextSort(up, 'name')).toEqual({ key: 'name', down: false })
    expect(nextSort(nextSort(up, 'width'), 'width')).toBeNull()
  })
})

describe('chosen rows', () => {
  const setUp = () => {
    const names = ref<readonly string[]>(['a', 'b', 'c', 'd', 'e'])
    const cursor = shallowRef(0)
    const selection = useRowSelection(names, cursor)
    const at = (row: number, how: 'arrive' | 'extend' | 'toggle'): void => {
      selection[how](row)
      cursor.value = row
    }
    return { names, selection, at, chosen: computed(() => [...selection.chosen.value].sort().join('')) }
  }

  it('are a range with Shift, from where it began', () => {
    const { selection, at, chosen } = setUp()
    at(1, 'arrive')
    at(3, 'extend')
    expect(chosen.value).toBe('bcd')
    at(0, 'extend')
    expect(chosen.value).toBe('ab')
    expect(selection.targets.value).toEqual(['a', 'b'])
  })

  it('stay while the cursor is among them, and go when it leaves', () => {
    const { selection, at, chosen } = setUp()
    at(0, 'toggle')
    at(2, 'toggle')
    at(0, 'arrive')
    expect(chosen.value).toBe('ac')
    at(4, 'arrive')
    expect(chosen.value).toBe('')
    expect(selection.targets.value).toEqual(['e'])
  })

  it('are edited in the order of the grid, and only where they are shown', () => {
    const { names, selection, at } = setUp()
    selection.all()
    names.value = ['e', 'b']
    at(1, 'arrive')
    expect(selection.targets.value).toEqual(['e', 'b'])
  })
})

describe('what is typed', () => {
  it.each([
    ['', { width: null }],
    ['64', { width: 64 }],
    [' Merlin ', { width: 'merlin' }],
    ['0', null],
    ['1.5', null],
    ['wide', null],
    ['70000', null],
  ])('as the width %j', (text, expected) => expect(parseWidth(text)).toEqual(expected))

  it('as a domain', () => {
    expect(parseDomainMax('1,680')).toEqual({ domainMax: 1680 })
    expect(parseDomainMax('0')).toBeNull()
    expect(parseDomainMax('')).toBeNull()
  })

  it('is remarked on: nothing said, ids that the data have, another column of the domain', () => {
    const movie = columnView('movie', { largest: 1680, domain: { name: 'movie', min: 0, max: 1680 } })
    const last = columnView('last', { domain: { name: 'movie', min: 0, max: 1680 } })
    const remark = (text: string, targets = [movie]) => remarkOn('domain', text, targets, [movie, last])
    expect(remark('x')).toMatchObject({ severity: 'error', refused: true })
    expect(remark('1679')).toMatchObject({ severity: 'error', refused: false })
    expect(remark('1679')?.message).toContain('1,680')
    expect(remark('1681')).toMatchObject({ severity: 'warning' })
    expect(remark('1681')?.message).toContain('last')
    expect(remark('1681', [movie, last])).toBeNull()
    expect(remarkOn('width', '0', [movie], [])).toMatchObject({ refused: true })
  })
})

describe('the schema grid', () => {
  const columns = [columnView('movie'), columnView('user'), columnView('age')]
  function grid(shown: readonly ColumnView[] = columns, problems: readonly Problem[] = []): VueWrapper {
    const current = ref(shown[0]?.name ?? null)
    return mount(SchemaGrid, {
      props: {
        names: shown.map(({ name }) => name),
        columns: new Map(shown.map((column) => [column.name, column])),
        problems: problemsByColumn(problems),
        current: current.value,
        sort: null,
        onCurrent: (name: string) => (current.value = name),
      },
      attachTo: document.body,
    })
  }
  async function press(wrapper: VueWrapper, key: string, more: KeyboardEventInit = {}): Promise<void> {
    await wrapper.find('[role=grid]').trigger('keydown', { key, ...more })
    const current: unknown = wrapper.emitted('current')?.at(-1)?.[0]
    if (typeof current === 'string') await wrapper.setProps({ current })
  }

  it('moves by arrows, edits by Enter and says what was typed', async () => {
    const wrapper = grid()
    await press(wrapper, 'ArrowDown')
    await press(wrapper, 'End')
    expect(wrapper.emitted('current')?.at(-1)).toEqual(['user'])
    await press(wrapper, 'Enter')
    const input = wrapper.get<HTMLInputElement>('input.editor')
    expect(input.element.value).toBe('8')
    await input.setValue('32')
    await input.trigger('keydown', { key: 'Enter' })
    expect(wrapper.emitted('change')).toEqual([[['user'], { width: 32 }]])
    expect(wrapper.find('input.editor').exists()).toBe(false)
  })

  it('edits all chosen rows at once', async () => {
    const wrapper = grid()
    await press(wrapper, 'End')
    await press(wrapper, 'ArrowDown', { shiftKey: true })
    await press(wrapper, 'ArrowDown', { shiftKey: true })
    await press(wrapper, '6')
    const input = wrapper.get<HTMLInputElement>('input.editor')
    expect(input.element.value).toBe('6')
    await input.setValue('64')
    await input.trigger('keydown', { key: 'Enter' })
    expect(wrapper.emitted('change')).toEqual([[['movie', 'user', 'age'], { width: 64 }]])
    await press(wrapper, 'Delete')
    expect(wrapper.emitted('change')?.at(-1)).toEqual([['movie', 'user', 'age'], { width: null }])
    await press(wrapper, 'Escape')
    await press(wrapper, 'Delete')
    expect(wrapper.emitted('change')?.at(-1)).toEqual([['age'], { width: null }])
  })

  it('keeps what says nothing as an error, and gives up by Escape', async () => {
    const wrapper = grid()
    await press(wrapper, 'End')
    await press(wrapper, 'F2')
    const input = wrapper.get('input.editor')
    await input.setValue('wide')
    expect(input.attributes('aria-invalid')).toBe('true')
    await input.trigger('keydown', { key: 'Enter' })
    expect(wrapper.find('input.editor').exists()).toBe(true)
    await input.trigger('keydown', { key: 'Escape' })
    expect(wrapper.emitted('change')).toBeUndefined()
    expect(wrapper.find('input.editor').exists()).toBe(false)
  })

  it('does not edit the width of pretrained vectors, alone or among others', async () => {
    const attached = columnView('movie', { width: { width: 128, from: 'pretrained' } })
    const wrapper = grid([attached, columnView('user')])
    await press(wrapper, 'End')
    await press(wrapper, 'Enter')
    expect(wrapper.find('input.editor').exists()).toBe(false)
    await press(wrapper, 'a', { ctrlKey: true })
    await press(wrapper, 'Delete')
    expect(wrapper.emitted('change')).toEqual([[['user'], { width: null }]])
  })

  it('chooses by Space, Ctrl+A and boxes', async () => {
    const wrapper = grid()
    const last = (): string[] => [...((wrapper.emitted('chosen')?.at(-1)?.[0] ?? []) as Set<string>)]
    await press(wrapper, ' ')
    expect(last()).toEqual(['movie'])
    await press(wrapper, 'a', { ctrlKey: true })
    expect(last()).toEqual(['movie', 'user', 'age'])
    await wrapper.get('[aria-label="Choose user"]').trigger('click')
    expect(last()).toEqual(['movie', 'age'])
  })

  it('goes through the cells of a row by Tab, and lets the focus out at its ends', async () => {
    const wrapper = grid()
    const element = wrapper.find('[role=grid]').element
    const tab = (shiftKey = false): KeyboardEvent => {
      const event = new KeyboardEvent('keydown', { key: 'Tab', shiftKey, cancelable: true, bubbles: true })
      element.dispatchEvent(event)
      return event
    }
    expect(tab(true).defaultPrevented).toBe(false)
    for (const _ of fields.slice(1)) expect(tab().defaultPrevented).toBe(true)
    expect(tab().defaultPrevented).toBe(false)
  })

  it('shows the problem of a column in its cell, with the hint', () => {
    const wrapper = grid(columns, [problem('user')])
    const row = wrapper.get('[data-testid=schema-row-user]')
    expect(row.text()).toContain('user has no domain')
    expect(row.get('[data-field=domain]').attributes('title')).toContain('Set one.')
    expect(row.get('[data-field=domain]').attributes('aria-invalid')).toBe('true')
    expect(wrapper.get('[data-testid=schema-row-age]').text()).not.toContain('domain')
  })

  it('draws a bounded number of rows of any schema', () => {
    const many = Array.from({ length: 3000 }, (_, i) => columnView(`c${i}`))
    expect(grid(many).findAll('[data-row]').length).toBeLessThan(30)
  })
})
