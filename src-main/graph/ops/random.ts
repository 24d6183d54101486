import { attr, type OpDefinition, table } from '../definition'
import { floatTypes, indexTypes } from '../dtypes'
import { shapeFrom } from './shapes'

/**
 * Stateless random numbers: the same seed gives the same values on every run, whatever ran before. `seed` is two numbers,
 * and a different pair for every use.
 */
const stateless: OpDefinition = {
  inputs: { shape: 'T', seed: 'Tseed' },
  attrs: {
    dtype: attr.type(floatTypes, 'float32'),
    T: attr.type(indexTypes, 'int32'),
    Tseed: attr.type(indexTypes, 'int64'),
  },
  outputs: { output: 'dtype' },
  shape: (call) => [shapeFrom(call, 0)],
}

export const randomOps = table({
  StatelessRandomUniform: stateless,
  StatelessRandomNormal: stateless,
  StatelessTruncatedNormal: stateless,
  StatelessRandomUniformInt: {
    inputs: { shape: 'T', seed: 'Tseed', minval: 'dtype', maxval: 'dtype' },
    attrs: { dtype: attr.type(indexTypes), T: attr.type(indexTypes), Tseed: attr.type(indexTypes, 'int64') },
    outputs: { output: 'dtype' },
    shape: (call) => [shapeFrom(call, 0)],
  },
})
