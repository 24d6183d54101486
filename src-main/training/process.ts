import { GraftError, toGraftError } from '../contract/errors'
import { mapTable } from '../embeddings/map/mapTable'
import { evaluateRun } from '../evaluation/evaluate'
import { runExport } from '../export/run'
import type { ReportExport } from '../export/targets'
import { loadTensorFlow } from '../tensorflow/binding'
import { writeFirstTable } from './firstTableSession'
import { toTrainer, type FromTrainer, type TrainerJob } from './protocol'
import type { LockRequest } from './locks'
import { train } from './train'

/**
 * Entry of the trainer process: one job, then the end. Forked by Node (`process.send`) or by Electron's utilityProcess
 * (`process.parentPort`); it ends when its parent does.
 */

interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
}

function parentPort(): ParentPort | null {
  const port: unknown = Reflect.get(process, 'parentPort')
  return isParentPort(port) ? port : null
}

function isParentPort(value: unknown): value is ParentPort {
  return typeof value === 'object' && value !== null && 'postMessage' in value && 'on' in value
}

interface Channel {
  tell(message: FromTrainer): Promise<void>
  listen(listener: (message: unknown) => void): void
}

function openChannel(): Channel {
  const port = parentPort()
  if (port)
    return {
      tell: async (message) => port.postMessage(message),
      listen: (listener) => port.on('message', ({ data }) => listener(data)),
    }
  return {
    tell: (message) =>
      new Promise((resolve) => {
        if (process.send) process.send(message, undefined, undefined, () => resolve())
        else resolve()
      }),
    listen: (listener) => {
      process.on('message', listener)
      // Nobody is left to hear a result, and nobody could stop us.
      process.on('disconnect', () => process.exit(0))
    },
  }
}

const channel = openChannel()
let stopped = false
let started = false
/** How long a last word may go unanswered, in milliseconds. */
const patience = 60_000
let hear: () => void = () => undefined
const heard = new Promise<void>((resolve) => (hear = resolve))
/** Locks to be turned before the next step. */
let locks: LockRequest[] = []

function takeLocks(): LockRequest[] {
  const taken = locks
  locks = []
  return taken
}

/** Lets a report through at most once in so many milliseconds, and whenever a new phase begins. */
function atMostEvery<R extends unknown[]>(
  milliseconds: number,
  report: (phase: string, ...rest: R) => void,
): (phase: string, ...rest: R) => void {
  let last = { phase: '', at: 0 }
  return (phase, ...rest) => {
    const now = Date.now()
    if (phase === last.phase && now - last.at < milliseconds) return
    last = { phase, at: now }
    report(phase, ...rest)
  }
}

async function work(job: TrainerJob): Promise<FromTrainer> {
  const context = {
    tell: (message: FromTrainer) => void channel.tell(message),
    stopped: () => stopped,
    takeLocks,
  }
  switch (job.kind) {
    case 'train':
      return { type: 'trained', outcome: await train(job.plan, context) }
    case 'export': {
      const report: ReportExport = (phase, done, total, unit) => {
        if (stopped) throw new GraftError('cancelled', 'The export was cancelled.')
        context.tell({ type: 'jobProgress', phase, done, total, unit })
      }
      return { type: 'result', value: await runExport(job.plan, loadTensorFlow(job.engine), report) }
    }
    case 'map': {
      const report = atMostEvery(50, (phase: string, done: number, total: number | null, unit: string) =>
        context.tell({ type: 'jobProgress', phase, done, total, unit }),
      )
      return { type: 'result', value: await mapTable(job.plan, report) }
    }
    case 'firstTable':
      return { type: 'result', value: await writeFirstTable(loadTensorFlow(job.engine), job.plan) }
    case 'evaluate':
      return { type: 'result', value: await evaluateRun(loadTensorFlow(job.engine), job.request) }
  }
}

async function start(job: TrainerJob): Promise<void> {
  const last = await work(job).catch((error: unknown): FromTrainer => {
    return { type: 'failed', error: toGraftError(error).toWire() }
  })
  await channel.tell(last)
  // A message of Electron's is lost when the process ends before its parent has taken it, and then a run that is complete
  // looks crashed. So the parent says that it has heard the last word; one that never does is not waited for.
  await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, patience))])
  process.exit(0)
}

channel.listen((raw) => {
  const parsed = toTrainer.safeParse(raw)
  if (!parsed.success) {
    void channel.tell({ type: 'log', line: `A message does not fit the protocol: ${parsed.error.message}` })
    return
  }
  const message = parsed.data
  if (message.type === 'heard') hear()
  else if (message.type === 'stop') stopped = true
  else if (message.type === 'setFrozen') locks.push(message)
  else if (!started) {
    started = true
    void start(message.job)
  }
})
// Ctrl-C reaches every process of a terminal; what it means is for our parent to say.
process.on('SIGINT', () => undefined)
void channel.tell({ type: 'ready' })
