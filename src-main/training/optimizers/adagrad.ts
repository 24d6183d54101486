import { z } from 'zod'
import { add, constant, div, mul, noOp, sqrt, square, sub } from '../../graph'
import { optimizer } from './optimizer'
import { learningRate } from './settings'

/**
 * Adagrad (Duchi et al. 2011) as Keras has it: a ← a + g², w ← w − η · g / √(a + ε).
 *
 * TensorFlow's kernel for dense weights computes g / (√a + ε). It is given ε = 0 and an accumulator that starts ε higher, so that
 * it holds a + ε all along: the same numbers up to one rounding of float32. Tables' accumulators do the same.
 */
export const adagrad = optimizer({
  name: 'adagrad',
  title: 'Adagrad',
  description:
    'A rate of its own for every weight, falling as its gradients add up. Good for embedding tables.',
  settings: z.object({
    learningRate: learningRate(0.1),
    initialAccumulator: z.number().min(0).max(100).default(0.1).meta({
      title: 'Initial accumulator',
      description: 'What the sum of squared gradients starts with. Larger: calmer first steps.',
    }),
    epsilon: z.number().positive().max(1).default(1e-7).meta({
      title: 'Epsilon',
      description: 'Keeps the root away from zero.',
    }),
  }),
  slots: () => 1,
  updates: ({ graph, learningRate: rate, slot }, { initialAccumulator, epsilon }) => {
    const none = constant(graph, 0, 'float32')
    return {
      dense: (weight, gradient) => {
        const accumulator = slot(weight, 'accumulator', initialAccumulator + epsilon)
        return graph.add('ResourceApplyAdagradV2', [weight.handle, accumulator.handle, rate, none, gradient])
      },
      sparse: (table, { ids, before, gradient, rate: own }) => {
        const accumulator = slot(table, 'accumulator', initialAccumulator + epsilon)
        const sums = add(accumulator.gather(ids), square(gradient)) // [u, width]
        const change = div(mul(gradient, own), sqrt(sums))
        return noOp(graph, {
          control: [accumulator.scatterUpdate(ids, sums), table.scatterUpdate(ids, sub(before, change))],
        })
      },
      finish: () => [],
    }
  },
})
