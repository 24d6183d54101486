import { type Handlers } from '../../contract'
import { type Workbench } from '../workbench'

export function sessionHandlers(bench: Workbench): Handlers['session'] {
  return { connect: () => bench.snapshot() }
}

export function engineHandlers(bench: Workbench): Handlers['engine'] {
  return {
    status: () => bench.engine.status(),
    install: async ({ device }) => ({ job: bench.engine.install(device, bench.jobs) }),
  }
}

export function jobsHandlers(bench: Workbench): Handlers['jobs'] {
  return {
    cancel: async ({ job }) => {
      bench.jobs.cancel(job)
      return {}
    },
    dismiss: async ({ job }) => {
      bench.jobs.dismiss(job)
      return {}
    },
  }
}
