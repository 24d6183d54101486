import { z } from 'zod'
import { mlp as layers } from '../blocks'
import { architecture } from './architecture'
import { activation, deepLayers } from './settings'

/** Dense layers alone: quick, and the baseline that a cross network has to beat. */
export const mlp = architecture(
  {
    name: 'mlp',
    title: 'Deep only (MLP)',
    description:
      'Dense layers over the looked-up vectors and the continuous columns. Quick; a good baseline.',
    settings: z.object({ deepLayers: deepLayers([64, 32]), activation }),
  },
  (builder, block, settings) => layers(builder, { block }, settings.deepLayers, settings.activation),
)
