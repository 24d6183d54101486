import { z } from 'zod'
import { add, constant, div, mul, noOp, sqrt, square, sub, type Tensor } from '../../graph'
import { optimizer } from './optimizer'
import { learningRate } from './settings'

const beta = (value: number, title: string, description: string) =>
  z.number().min(0).lt(1).default(value).meta({ title, description })

/**
 * Adam (Kingma and Ba 2015) as Keras has it: m ← m + (1 − β1)(g − m), v ← v + (1 − β2)(g² − v),
 * w ← w − η · √(1 − β2ᵗ) / (1 − β1ᵗ) · m / (√v + ε). On tables it is lazy: only the rows of the batch move, with t counting
 * all steps.
 */
export const adam = optimizer({
  name: 'adam',
  title: 'Adam',
  description:
    'Running means of gradients and of their squares. Lazy on tables: only the rows of a batch move.',
  settings: z.object({
    learningRate: learningRate(0.001),
    beta1: beta(0.9, 'Beta 1', 'How long the mean of gradients remembers.'),
    beta2: beta(0.999, 'Beta 2', 'How long the mean of squared gradients remembers.'),
    epsilon: z.number().positive().max(1).default(1e-7).meta({
      title: 'Epsilon',
      description: 'Keeps the divisor away from zero.',
    }),
  }),
  slots: () => 2,
  updates: ({ graph, learningRate: rate, slot, scalar }, { beta1, beta2, epsilon }) => {
    const number = (value: number): Tensor => constant(graph, value, 'float32')
    const [b1, b2, eps] = [number(beta1), number(beta2), number(epsilon)]
    // βᵗ of the step that comes: it starts at t = 1 and is multiplied after every step.
    const power1 = scalar('beta1_power', beta1)
    const power2 = scalar('beta2_power', beta2)
    // Each power is read by one node, whose value all updates share, and assigned a new one after it was read.
    const correction = div(sqrt(sub(1, power2.read())), sub(1, power1.read()))
    return {
      dense: (weight, gradient) => {
        const m = slot(weight, 'm', 0)
        const v = slot(weight, 'v', 0)
        const inputs = [
          weight.handle,
          m.handle,
          v.handle,
          power1.read(),
          power2.read(),
          rate,
          b1,
          b2,
          eps,
          gradient,
        ]
        return graph.add('ResourceApplyAdam', inputs)
      },
      sparse: (table, { ids, before, gradient, rate: own }) => {
        const m = slot(table, 'm', 0)
        const v = slot(table, 'v', 0)
        const [oldM, oldV] = [m.gather(ids), v.gather(ids)] // [u, width]
        const newM = add(oldM, mul(sub(gradient, oldM), 1 - beta1))
        const newV = add(oldV, mul(sub(square(gradient), oldV), 1 - beta2))
        const change = div(mul(newM, mul(own, correction)), add(sqrt(newV), eps))
        return noOp(graph, {
          control: [
            m.scatterUpdate(ids, newM),
            v.scatterUpdate(ids, newV),
            table.scatterUpdate(ids, sub(before, change)),
          ],
        })
      },
      finish: (updates) =>
        graph.after([...updates, correction], () => [
          power1.assign(mul(power1.read(), b1)),
          power2.assign(mul(power2.read(), b2)),
        ]),
    }
  },
})
