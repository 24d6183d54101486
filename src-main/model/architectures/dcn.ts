import { z } from 'zod'
import { crossNetwork, mlp, sideBySide } from '../blocks'
import { architecture } from './architecture'
import { activation, deepLayers } from './settings'

/** Deep & Cross Network v2 (Wang et al. 2021, "DCN V2"), as Merlin Models builds it. */
export const dcn = architecture(
  {
    name: 'dcn',
    title: 'Deep & Cross (DCN v2)',
    description:
      'Cross layers multiply features with each other, one degree a layer; dense layers follow them or stand beside them.',
    settings: z.object({
      structure: z.enum(['stacked', 'parallel']).default('stacked').meta({
        title: 'Structure',
        description: 'Stacked: cross layers, then dense layers. Parallel: both read the input, side by side.',
      }),
      crossLayers: z.int().min(0).max(8).default(2).meta({
        title: 'Cross layers',
        description: 'Each adds one degree of feature products.',
      }),
      deepLayers: deepLayers([64, 32]),
      activation,
    }),
  },
  (builder, block, settings) => {
    const cross = crossNetwork(builder, block, settings.crossLayers)
    if (settings.structure === 'stacked') return mlp(builder, cross, settings.deepLayers, settings.activation)
    const deep = mlp(builder, { block }, settings.deepLayers, settings.activation)
    return sideBySide(builder, cross, deep)
  },
)
