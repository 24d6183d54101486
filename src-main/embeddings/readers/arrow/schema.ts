import { elementType, type ElementType } from '../elements'
import type { FlatTable } from './flatbuffer'

/** What a field's values are, with what is needed to find and decode them. */
export type ArrowType =
  | { readonly kind: 'number'; readonly element: ElementType }
  /** One bit a value. */
  | { readonly kind: 'bool' }
  | { readonly kind: 'text'; readonly offsetBytes: 4 | 8 }
  | { readonly kind: 'textView' }
  /** Dates and times since 1970: a value is `microseconds`, or there are `perMicrosecond` of them in one. */
  | {
      readonly kind: 'time'
      readonly bytes: 4 | 8
      readonly microseconds: bigint
      readonly perMicrosecond: bigint
    }
  | { readonly kind: 'list'; readonly offsetBytes: 4 | 8 }
  | { readonly kind: 'fixedList'; readonly size: number }
  /** What is not read, and how many buffers of its own it takes; null where later fields cannot be found either. */
  | {
      readonly kind: 'other'
      readonly name: string
      readonly buffers: number | null
      readonly views?: boolean
    }

export interface Field {
  readonly name: string
  readonly type: ArrowType
  readonly children: readonly Field[]
  /** The dictionary that the values are numbers in; `type` is then the numbers'. */
  readonly dictionary: { readonly id: number; readonly values: ArrowType } | null
}

const other = (name: string, buffers: number | null, views = false): ArrowType => ({
  kind: 'other',
  name,
  buffers,
  views,
})

function integer(type: FlatTable | null): ArrowType {
  const bits = type?.int(0) ?? 0
  const element = elementType(`${type?.byte(1) === 1 ? 'i' : 'u'}${bits / 8}`)
  return element ? { kind: 'number', element } : other(`int${bits}`, 2)
}

const precisions = ['f2', 'f4', 'f8']

const since1970 = (bytes: 4 | 8, microseconds: bigint, perMicrosecond = 1n): ArrowType => ({
  kind: 'time',
  bytes,
  microseconds,
  perMicrosecond,
})

/** By Arrow's TimeUnit: seconds, milliseconds, microseconds, nanoseconds. */
const timestamps = [
  since1970(8, 1_000_000n),
  since1970(8, 1000n),
  since1970(8, 1n),
  since1970(8, 1n, 1000n),
] as const

/** The union `Type` of arrow/format/Schema.fbs. */
function typeOf(kind: number, type: FlatTable | null): ArrowType {
  switch (kind) {
    case 1:
      return other('null', 0)
    case 2:
      return integer(type)
    case 3: {
      const element = elementType(precisions[type?.short(0) ?? 0] ?? '')
      return element ? { kind: 'number', element } : other('float', 2)
    }
    case 5:
      return { kind: 'text', offsetBytes: 4 }
    case 6:
      return { kind: 'bool' }
    case 8:
      // In days, or in milliseconds of whole days.
      return type?.short(0, 1) === 0 ? since1970(4, 86_400_000_000n) : since1970(8, 1000n)
    case 10:
      return timestamps[type?.short(0) ?? 0] ?? other('timestamp', 2)
    case 12:
      return { kind: 'list', offsetBytes: 4 }
    case 13:
      return other('struct', 1)
    case 14:
      return other('union', null)
    case 16:
      return { kind: 'fixedList', size: type?.int(0) ?? 0 }
    case 17:
      return other('map', 2)
    case 4:
    case 19:
      return other('binary', 3)
    case 20:
      return { kind: 'text', offsetBytes: 8 }
    case 21:
      return { kind: 'list', offsetBytes: 8 }
    case 22:
      return other('run-end encoded', 0)
    case 23:
      return other('binary view', 2, true)
    case 24:
      return { kind: 'textView' }
    case 25:
    case 26:
      return other('list view', 3)
    case 7:
      return other('decimal', 2)
    case 15:
      return other('fixed-size binary', 2)
    default:
      // Times of a day, durations, intervals.
      return kind >= 8 && kind <= 18 ? other('time or duration', 2) : other(`type ${kind}`, null)
  }
}

export const maxFields = 100_000

/** @param depth guards against fields that are nested without end */
export function parseField(field: FlatTable, depth = 0): Field {
  const name = field.text(0)
  const values = typeOf(field.byte(2), field.table(3))
  if (depth > 64) return { name, type: other('deeply nested', null), children: [], dictionary: null }
  const encoding = field.table(4)
  if (encoding) {
    // Without a type of their own, the numbers are int32.
    const index = encoding.table(1)
    const element = elementType('i4')
    const type = index ? integer(index) : element ? ({ kind: 'number', element } as const) : other('index', 2)
    return { name, type, children: [], dictionary: { id: encoding.int64(0), values } }
  }
  const children = field.tables(5).map((child) => parseField(child, depth + 1))
  return { name, type: values, children, dictionary: null }
}
