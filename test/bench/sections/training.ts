import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bench, inScratch, type Report, type Verdict } from '../bench'
import { forget, GraftContestant, peer } from '../contestants'
import { kerasPython, merlinPython } from '../environments'
import { count, decimal, spreadText } from '../format'
import { sampleProject, taskOf, train } from '../projects'
import { quantile, type Spread, spread } from '../statistics'
import { inputWidth, parameterCounts, type Task } from '../task'
import { type Contestant, ratio, type Standing, takeTurns } from '../turns'
import { type PeerFacts, Worker } from '../worker'

const goals = { keras: 1.3, merlin: 1.6, eager: 2, limit: 0.85, outside: 0.05 }

type PeerName = 'keras' | 'merlin' | 'eager' | 'limit'

/**
 * Whole training of the sample's DCN, reading, feeding and metrics included, against Keras 3, Merlin Models and eager
 * TensorFlow.js, and beside it the time that the step's matrix products alone take.
 * @param rule the rule for table widths: Merlin's (186 inputs) or the schema's own (335)
 */
export function training(bench: Bench, rule: 'merlin' | 'schema'): Promise<Report> {
  return inScratch(bench, `training-${rule}`, async (folder) => {
    bench.said(`Sample with the ${rule} widths`)
    const project = await sampleProject(bench.graft, folder, rule)
    const probe = await train(bench.graft, project, 1)
    const task = await taskOf(bench.graft, project, probe.value)
    await forget(project, probe.value)
    checkSameModel('Graft', task, probe.value.model)
    const workers = await startPeers(bench, task, folder)
    try {
      const graft = new GraftContestant(bench, project)
      const names: readonly PeerName[] = ['keras', 'merlin', 'eager', 'limit']
      const peers: Contestant[] = names.map((name) => peer(workers[name], bench.epochs))
      const standings = await takeTurns([graft, ...peers], bench.turns, (name, round, turn) =>
        bench.said(`  ${round}/${bench.turns} ${name}: ${count(turn.rowsPerSecond)} rows/s`),
      )
      return report(task, graft, standings)
    } finally {
      await Promise.all(Object.values(workers).map((worker) => worker.stop()))
    }
  })
}

async function startPeers(bench: Bench, task: Task, folder: string): Promise<Record<PeerName, Worker>> {
  const { root, engine, said } = bench
  const scripts = join(root, 'test', 'bench', 'peers')
  const taskFile = await writeTask(join(folder, 'task.json'), task)
  const python = await kerasPython(root, said)
  const merlin = await merlinPython(root, said)
  const ready = async (started: Promise<{ worker: Worker; facts: PeerFacts }>): Promise<Worker> => {
    const { worker, facts } = await started
    said(`  ${worker.name}: ${facts.version}`)
    if (facts.parameters !== null) checkSameModel(worker.name, task, facts)
    return worker
  }
  const inNode = (name: string, program: string): Promise<Worker> =>
    ready(
      Worker.start(name, process.execPath, [join(root, 'out', 'bench', `${program}.mjs`), taskFile, engine]),
    )
  const keras = async (jit: boolean): Promise<Worker> => {
    const file = await writeTask(join(folder, `task-jit-${jit}.json`), { ...task, jit })
    return ready(
      Worker.start(`Keras 3 fit, jit ${jit ? 'on' : 'off'}`, python, [join(scripts, 'keras_dcn.py'), file]),
    )
  }
  return {
    keras: await better(bench, await keras(false), await keras(true)),
    merlin: await ready(
      Worker.start('Merlin Models fit', merlin, [join(scripts, 'merlin_dcn.py'), taskFile]),
    ),
    eager: await inNode('eager TensorFlow.js', 'eager'),
    limit: await inNode('matrix products alone', 'limit'),
  }
}

async function writeTask(file: string, task: Task & { jit?: boolean }): Promise<string> {
  await writeFile(file, JSON.stringify(task, null, 2))
  return file
}

/** Of Keras' two settings the quicker one on this machine, by three turns each; the other one is stopped. */
async function better(bench: Bench, first: Worker, second: Worker): Promise<Worker> {
  const rounds = 3
  const [a, b] = await takeTurns(
    [first, second].map((worker) => peer(worker, bench.epochs)),
    rounds,
    () => undefined,
  )
  const keep = (a?.rowsPerSecond.median ?? 0) >= (b?.rowsPerSecond.median ?? 0) ? first : second
  const rates = [a, b].map(
    (standing) => `${standing?.name} ${count(standing?.rowsPerSecond.median ?? 0)} rows/s`,
  )
  bench.said(`  ${rates.join(', ')}: the quicker one stays`)
  await (keep === first ? second : first).stop()
  return keep
}

/** Peers that trained different models would be no peers. */
function checkSameModel(
  who: string,
  task: Task,
  model: { parameters: number | null; trainableParameters: number | null },
): void {
  const wanted = parameterCounts(task)
  if (model.parameters !== wanted.parameters || model.trainableParameters !== wanted.trainableParameters)
    throw new Error(
      `${who} has ${model.parameters} parameters, ${model.trainableParameters} trainable, not ` +
        `${wanted.parameters} and ${wanted.trainableParameters}: it trains another model.`,
    )
}

function report(task: Task, graft: GraftContestant, standings: readonly Standing[]): Report {
  const [own, keras, merlin, eager, limit] = standings
  if (!own || !keras || !merlin || !eager || !limit) throw new Error('a contestant is missing')
  const ratios = { keras: ratio(own, keras), merlin: ratio(own, merlin), eager: ratio(own, eager) }
  const share = ratio(own, limit)
  const outsideSession = spread(graft.turns.map((turn) => 1 - turn.sessionShare))
  const outsideRate = quantile(
    graft.turns.map((turn) => turn.outsideRowsPerSecond),
    0.5,
  )
  const width = inputWidth(task)
  const at = `${width} inputs`
  const times = (name: string, value: Spread, goal: number, instead = false): Verdict => ({
    name: `training ÷ ${name}, ${at}`,
    value: value.median,
    unit: '×',
    goal: `≥ ${goal}`,
    met: value.median >= goal || instead,
    note: value.median < goal && instead ? 'met by its share of the matrix-product limit' : '',
  })
  return {
    title: `Whole training of the sample's DCN, ${at}, batch ${task.batchSize}`,
    table: [
      ['', 'rows/s', 'min – max', 'CPU µs/row', 'Graft ÷ it', 'min – max'],
      ...standings.map((standing) => row(standing, own)),
    ],
    notes: [
      `Medians of ${own.turns.length} turns. First epochs (tracing, cold caches) do not count.`,
      `From outside, by the difference of two commands' wall times, Graft trains ${count(outsideRate)} rows/s.`,
    ],
    verdicts: [
      times(keras.name, ratios.keras, goals.keras, share.median >= goals.limit),
      times(merlin.name, ratios.merlin, goals.merlin),
      times(eager.name, ratios.eager, goals.eager),
      {
        name: `share of the matrix-product limit, ${at}`,
        value: share.median,
        unit: '',
        goal: `${goals.limit} counts for Keras`,
        met: null,
        note: '',
      },
      {
        name: `time outside the session, ${at}`,
        value: outsideSession.median * 100,
        unit: '%',
        goal: `< ${goals.outside * 100}`,
        met: outsideSession.median < goals.outside,
        note: '',
      },
    ],
    figures: {
      inputWidth: width,
      standings,
      ratios: { ...ratios, limit: share },
      outsideSession,
      graftTurns: graft.turns,
    },
  }
}

function row(standing: Standing, own: Standing): string[] {
  const { rowsPerSecond, cpuMicroseconds } = standing
  const over = ratio(own, standing)
  return [
    standing.name,
    count(rowsPerSecond.median),
    spreadText(rowsPerSecond, count),
    cpuMicroseconds ? decimal(cpuMicroseconds.median, 1) : '',
    standing === own ? '' : decimal(over.median, 2),
    standing === own ? '' : spreadText(over, (value) => decimal(value, 2)),
  ]
}
