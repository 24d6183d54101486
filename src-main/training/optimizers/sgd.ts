import { z } from 'zod'
import { add, mul, neg, noOp, sub } from '../../graph'
import { optimizer } from './optimizer'
import { learningRate } from './settings'

/**
 * Stochastic gradient descent as Keras has it: w ← w − η · g; with momentum μ: u ← μ · u − η · g, w ← w + u. On tables the
 * momentum is lazy: only the rows of the batch move.
 */
export const sgd = optimizer({
  name: 'sgd',
  title: 'SGD',
  description: 'Plain gradient descent, with momentum if you like.',
  settings: z.object({
    learningRate: learningRate(0.01),
    momentum: z.number().min(0).lt(1).default(0).meta({
      title: 'Momentum',
      description: 'Share of the last move that the next one keeps.',
    }),
  }),
  slots: ({ momentum }) => (momentum > 0 ? 1 : 0),
  updates: ({ graph, learningRate: rate, slot }, { momentum }) => ({
    dense: (weight, gradient) => {
      if (momentum === 0) return graph.add('ResourceApplyGradientDescent', [weight.handle, rate, gradient])
      const velocity = slot(weight, 'velocity', 0)
      const move = sub(mul(velocity.read(), momentum), mul(rate, gradient))
      return noOp(graph, { control: [velocity.assign(move), weight.assignAdd(move)] })
    },
    sparse: (table, { ids, before, gradient, rate: own }) => {
      if (momentum === 0) return table.scatterUpdate(ids, sub(before, mul(own, gradient)))
      const velocity = slot(table, 'velocity', 0)
      const move = add(mul(velocity.gather(ids), momentum), neg(mul(own, gradient))) // [u, width]
      return noOp(graph, {
        control: [velocity.scatterUpdate(ids, move), table.scatterUpdate(ids, add(before, move))],
      })
    },
    finish: () => [],
  }),
})
