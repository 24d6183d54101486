import { constant } from '../builders'
import { GraphError } from '../errors'
import type { OpName } from '../ops'
import type { ioOps } from '../ops/io'
import type { randomOps } from '../ops/random'
import type { variableOps } from '../ops/variables'
import { SparseGradient } from '../sparse'
import { arrayRules } from './array'
import { mathRules } from './math'
import { type Row, rule } from './rule'

const variableRules: Record<keyof typeof variableOps, Row> = {
  VarHandleOp: 'none',
  // The gradient of a variable goes by its handle: what a whole read gives …
  ReadVariableOp: rule((_, dy) => [() => dy]),
  // … and what a lookup gives, sparse.
  ResourceGather: rule((n, dy) => {
    const shape = n.input(0).node.attrs.get('shape')
    const rows = shape?.kind === 'shape' ? shape.value?.[0] : undefined
    if (rows === undefined)
      throw new GraphError('internal', `"${n.name}" gathers from something that is no variable.`)
    return [() => SparseGradient.ofLookup(n.input(1), dy, () => constant(n.graph, rows, 'int32')), null]
  }),
  VarIsInitializedOp: 'none',
  AssignVariableOp: 'none',
  AssignAddVariableOp: 'none',
  AssignSubVariableOp: 'none',
  ResourceScatterAdd: 'none',
  ResourceScatterSub: 'none',
  ResourceScatterUpdate: 'none',
  ResourceApplyGradientDescent: 'none',
  ResourceApplyMomentum: 'none',
  ResourceSparseApplyMomentum: 'none',
  ResourceApplyAdagradV2: 'none',
  ResourceSparseApplyAdagradV2: 'none',
  ResourceApplyAdam: 'none',
  ResourceApplyFtrlV2: 'none',
  ResourceSparseApplyFtrlV2: 'none',
  ResourceApplyRMSProp: 'none',
  DestroyResourceOp: 'none',
}

const randomRules: Record<keyof typeof randomOps, Row> = {
  StatelessRandomUniform: 'none',
  StatelessRandomNormal: 'none',
  StatelessTruncatedNormal: 'none',
  StatelessRandomUniformInt: 'none',
}

const ioRules: Record<keyof typeof ioOps, Row> = {
  ReadFile: 'none',
  DecodeRaw: 'none',
  SaveV2: 'none',
  RestoreV2: 'none',
  HashTableV2: 'none',
  InitializeTableFromTextFileV2: 'none',
  LookupTableImportV2: 'none',
  LookupTableFindV2: 'none',
  LookupTableSizeV2: 'none',
}

/** How a gradient goes through each op: a row for every row of the op table. */
export const rules: Record<OpName, Row> = {
  ...mathRules,
  ...arrayRules,
  ...variableRules,
  ...randomRules,
  ...ioRules,
}
