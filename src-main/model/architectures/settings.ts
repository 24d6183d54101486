import { z } from 'zod'
import { activationNames } from './architecture'

/** Settings that several architectures share. */

export const activation = z.enum(activationNames).default('relu').meta({
  title: 'Activation',
  description: 'What each dense layer does to its sums.',
})

export const deepLayers = (defaults: number[]) =>
  z
    .array(z.int().min(1).max(8192))
    .max(16)
    .default(defaults)
    .meta({ title: 'Dense layers', description: 'Units of each dense layer, first to last.' })
