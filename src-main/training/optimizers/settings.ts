import { z } from 'zod'

/** A learning rate with the optimizer's usual value. */
export const learningRate = (value: number) =>
  z.number().positive().max(1000).default(value).meta({
    title: 'Learning rate',
    description: 'How far a step moves the weights. It can be changed while a run trains.',
  })
