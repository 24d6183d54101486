import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  cast,
  constant,
  decodeRaw,
  hashTable,
  identity,
  initializeFromLines,
  initializeFromTensors,
  lookup,
  noOp,
  readFile,
  runnable,
  type Tensor,
} from '../../../../src-main/graph'
import type { BuiltCase } from './case'

/** Cases that read files, which are written into `folder`. Checkpoints have a test of their own. */
export function ioCases(folder: string): readonly BuiltCase[] {
  const lines = join(folder, 'lines.txt')
  const raw = join(folder, 'raw.bin')
  writeFileSync(lines, 'apple\nbear\ncat\n')
  writeFileSync(raw, Buffer.from(Float32Array.of(1.5, -2, 3e10).buffer))

  const fromTensors = (op: BuiltCase['op'], look: (table: Tensor) => Tensor): BuiltCase => ({
    op,
    build(graph) {
      const table = hashTable(graph, 'ids', 'int64', 'int64')
      const keys = constant(graph, [70, -5, 900], 'int64')
      const init = initializeFromTensors(table, keys, constant(graph, [1, 2, 3], 'int64'))
      return { init: [init], fetches: [look(table)] }
    },
  })
  const find = (table: Tensor): Tensor =>
    lookup(table, constant(table.graph, [900, 1, -5, 70], 'int64'), constant(table.graph, 0, 'int64'))

  return [
    {
      op: 'ReadFile',
      build: (graph) => ({ init: [], fetches: [readFile(constant(graph, lines, 'string'))] }),
    },
    {
      op: 'DecodeRaw',
      build: (graph) => ({
        init: [],
        fetches: [decodeRaw(readFile(constant(graph, raw, 'string')), 'float32')],
      }),
    },
    fromTensors('HashTableV2', find),
    fromTensors('LookupTableImportV2', find),
    fromTensors('LookupTableFindV2', find),
    fromTensors('LookupTableSizeV2', (table) => table.graph.op('LookupTableSizeV2', [table])),
    {
      op: 'InitializeTableFromTextFileV2',
      build(graph) {
        const table = hashTable(graph, 'words', 'string', 'int64')
        const init = initializeFromLines(table, constant(graph, lines, 'string'))
        const keys = constant(graph, ['cat', 'dog', 'apple'], 'string')
        return { init: [init], fetches: [lookup(table, keys, constant(graph, -1, 'int64'))] }
      },
    },
    { op: 'Const', build: (graph) => ({ init: [], fetches: [constant(graph, [1, 2, 3], 'int64')] }) },
    { op: 'NoOp', build: (graph) => ({ init: [], fetches: [runnable(graph, 'done', [noOp(graph)])] }) },
    {
      op: 'Cast',
      build: (graph) => ({ init: [], fetches: [cast(identity(constant(graph, 3, 'int32')), 'int64')] }),
    },
  ]
}
