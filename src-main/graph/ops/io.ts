import { attr, table } from '../definition'
import { numberTypes } from '../dtypes'
import { unknown } from '../shape'
import { none } from './shapes'

const stateful = true as const
const keyTypes = { key_dtype: attr.type(), value_dtype: attr.type() }
const handle = { table_handle: 'resource' }

/** Files, checkpoints and lookup tables. */
export const ioOps = table({
  ReadFile: { inputs: { filename: 'string' }, outputs: { contents: 'string' }, shape: () => [[]] },
  DecodeRaw: {
    inputs: { bytes: 'string' },
    attrs: { out_type: attr.type([...numberTypes, 'bool']), little_endian: attr.bool(true) },
    outputs: { output: 'out_type' },
    shape: (call) => {
      const shape = call.shape(0)
      return [shape && [...shape, unknown]]
    },
  },
  SaveV2: {
    inputs: { prefix: 'string', tensor_names: 'string', shape_and_slices: 'string', tensors: '[dtypes]' },
    attrs: { dtypes: attr.types() },
    outputs: {},
    stateful,
    shape: none,
  },
  RestoreV2: {
    inputs: { prefix: 'string', tensor_names: 'string', shape_and_slices: 'string' },
    attrs: { dtypes: attr.types() },
    outputs: { tensors: '[dtypes]' },
    stateful,
    shape: (call) => call.types('dtypes').map(() => null),
  },
  HashTableV2: {
    inputs: {},
    attrs: {
      container: attr.string(''),
      shared_name: attr.string(),
      use_node_name_sharing: attr.bool(false),
      ...keyTypes,
    },
    outputs: { table_handle: 'resource' },
    stateful,
    shape: () => [[]],
  },
  InitializeTableFromTextFileV2: {
    inputs: { ...handle, filename: 'string' },
    attrs: {
      key_index: attr.int(),
      value_index: attr.int(),
      vocab_size: attr.int(-1),
      delimiter: attr.string('\t'),
      offset: attr.int(0),
    },
    outputs: {},
    stateful,
    shape: none,
  },
  LookupTableImportV2: {
    inputs: { ...handle, keys: 'Tin', values: 'Tout' },
    attrs: { Tin: attr.type(), Tout: attr.type() },
    outputs: {},
    stateful,
    shape: none,
  },
  LookupTableFindV2: {
    inputs: { ...handle, keys: 'Tin', default_value: 'Tout' },
    attrs: { Tin: attr.type(), Tout: attr.type() },
    outputs: { values: 'Tout' },
    stateful,
    shape: (call) => [call.shape(1)],
  },
  LookupTableSizeV2: { inputs: handle, outputs: { size: 'int64' }, stateful, shape: () => [[]] },
})
