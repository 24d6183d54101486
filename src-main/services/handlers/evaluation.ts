import { type Handlers } from '../../contract'
import { evaluate, predict } from '../evaluations'
import { type Workbench } from '../workbench'

export function evaluationHandlers(bench: Workbench): Handlers['evaluation'] {
  return {
    evaluate: async (given) => {
      const session = bench.requireSession()
      return {
        job: bench.jobs.start('evaluate', `Evaluate ${given.run}`, (context) =>
          evaluate(bench, session, given, context),
        ),
      }
    },
    predict: async (given) => {
      const session = bench.requireSession()
      return {
        job: bench.jobs.start('evaluate', `Predict with ${given.run}`, (context) =>
          predict(bench, session, given, context),
        ),
      }
    },
  }
}
