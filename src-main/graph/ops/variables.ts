import { attr, type AttrSpec, type OpCall, type OpDefinition, table } from '../definition'
import { indexTypes, numberTypes } from '../dtypes'
import type { Shape } from '../shape'
import { none } from './shapes'

const stateful = true as const

/** handle, values… → nothing: an update of a variable in place. Shapes are checked by variables.ts, which knows them. */
const update = (inputs: Record<string, string>, attrs: Record<string, AttrSpec>): OpDefinition => ({
  inputs,
  attrs,
  outputs: {},
  stateful,
  shape: none,
})

const scatter = update(
  { resource: 'resource', indices: 'Tindices', updates: 'dtype' },
  { dtype: attr.type(), Tindices: attr.type(indexTypes) },
)

const dense = { T: attr.type(numberTypes), use_locking: attr.bool(false) }
const sparse = { ...dense, Tindices: attr.type(indexTypes) }

function gathered(call: OpCall): readonly Shape[] {
  // The handle's shape is a scalar's; the rows' shape is what the VarHandleOp says.
  const handle = call.inputs[0]?.node.attrs.get('shape')
  const indices = call.shape(1)
  if (handle?.kind !== 'shape' || !handle.value || !indices) return [null]
  return [[...indices, ...handle.value.slice(1)]]
}

export const variableOps = table({
  VarHandleOp: {
    inputs: {},
    attrs: {
      container: attr.string(''),
      shared_name: attr.string(),
      dtype: attr.type(),
      shape: attr.shape(),
    },
    outputs: { resource: 'resource' },
    stateful,
    shape: () => [[]],
  },
  ReadVariableOp: {
    inputs: { resource: 'resource' },
    attrs: { dtype: attr.type() },
    outputs: { value: 'dtype' },
    stateful,
    shape: (call) => {
      const handle = call.inputs[0]?.node.attrs.get('shape')
      return [handle?.kind === 'shape' ? handle.value : null]
    },
  },
  VarIsInitializedOp: {
    inputs: { resource: 'resource' },
    outputs: { is_initialized: 'bool' },
    stateful,
    shape: () => [[]],
  },
  AssignVariableOp: update(
    { resource: 'resource', value: 'dtype' },
    { dtype: attr.type(), validate_shape: attr.bool(false) },
  ),
  AssignAddVariableOp: update({ resource: 'resource', value: 'dtype' }, { dtype: attr.type() }),
  AssignSubVariableOp: update({ resource: 'resource', value: 'dtype' }, { dtype: attr.type() }),
  ResourceGather: {
    inputs: { resource: 'resource', indices: 'Tindices' },
    attrs: {
      batch_dims: attr.int(0),
      validate_indices: attr.bool(true),
      dtype: attr.type(),
      Tindices: attr.type(indexTypes),
    },
    outputs: { output: 'dtype' },
    stateful,
    shape: gathered,
  },
  ResourceScatterAdd: scatter,
  ResourceScatterSub: scatter,
  ResourceScatterUpdate: scatter,

  ResourceApplyGradientDescent: update({ var: 'resource', alpha: 'T', delta: 'T' }, dense),
  ResourceApplyMomentum: update(
    { var: 'resource', accum: 'resource', lr: 'T', grad: 'T', momentum: 'T' },
    { ...dense, use_nesterov: attr.bool(false) },
  ),
  ResourceSparseApplyMomentum: update(
    { var: 'resource', accum: 'resource', lr: 'T', grad: 'T', indices: 'Tindices', momentum: 'T' },
    { ...sparse, use_nesterov: attr.bool(false) },
  ),
  ResourceApplyAdagradV2: update(
    { var: 'resource', accum: 'resource', lr: 'T', epsilon: 'T', grad: 'T' },
    { ...dense, update_slots: attr.bool(true) },
  ),
  ResourceSparseApplyAdagradV2: update(
    { var: 'resource', accum: 'resource', lr: 'T', epsilon: 'T', grad: 'T', indices: 'Tindices' },
    { ...sparse, update_slots: attr.bool(true) },
  ),
  ResourceApplyAdam: update(
    {
      var: 'resource',
      m: 'resource',
      v: 'resource',
      beta1_power: 'T',
      beta2_power: 'T',
      lr: 'T',
      beta1: 'T',
      beta2: 'T',
      epsilon: 'T',
      grad: 'T',
    },
    { ...dense, use_nesterov: attr.bool(false) },
  ),
  ResourceApplyFtrlV2: update(
    {
      var: 'resource',
      accum: 'resource',
      linear: 'resource',
      grad: 'T',
      lr: 'T',
      l1: 'T',
      l2: 'T',
      l2_shrinkage: 'T',
      lr_power: 'T',
    },
    { ...dense, multiply_linear_by_lr: attr.bool(false) },
  ),
  ResourceSparseApplyFtrlV2: update(
    {
      var: 'resource',
      accum: 'resource',
      linear: 'resource',
      grad: 'T',
      indices: 'Tindices',
      lr: 'T',
      l1: 'T',
      l2: 'T',
      l2_shrinkage: 'T',
      lr_power: 'T',
    },
    { ...sparse, multiply_linear_by_lr: attr.bool(false) },
  ),
  ResourceApplyRMSProp: update(
    {
      var: 'resource',
      ms: 'resource',
      mom: 'resource',
      lr: 'T',
      rho: 'T',
      momentum: 'T',
      epsilon: 'T',
      grad: 'T',
    },
    dense,
  ),
  DestroyResourceOp: update({ resource: 'resource' }, { ignore_lookup_error: attr.bool(true) }),
})
