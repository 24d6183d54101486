import { join } from 'node:path'
import { type Bench, inScratch, type Report } from '../bench'
import { writeFile } from 'node:fs/promises'
import { forget } from '../contestants'
import { merlinPython } from '../environments'
import { count, spreadText } from '../format'
import { watchTree } from '../processTree'
import { sampleProject, taskOf, train } from '../projects'
import { spread } from '../statistics'
import { Worker } from '../worker'

const epochs = 5
const rounds = 3
const megabyte = 1e6

/**
 * Peak memory of training the sample for five epochs, start to end: the largest sum of proportional set sizes of all
 * processes at one moment, for Graft's command line with its trainer and for Merlin Models.
 */
export function memory(bench: Bench): Promise<Report> {
  return inScratch(bench, 'memory', async (folder) => {
    bench.said('Memory')
    const project = await sampleProject(bench.graft, folder, 'merlin')
    const probe = await train(bench.graft, project, 1)
    const taskFile = join(folder, 'task.json')
    await writeFile(taskFile, JSON.stringify(await taskOf(bench.graft, project, probe.value)))
    await forget(project, probe.value)
    const merlin = await merlinPython(bench.root, bench.said)
    const script = join(bench.root, 'test', 'bench', 'peers', 'merlin_dcn.py')
    const own: number[] = []
    const theirs: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const { value, usage } = await train(bench.graft, project, epochs, { memory: true })
      await forget(project, value)
      own.push(peak(usage) / megabyte)
      theirs.push((await merlinPeak(merlin, script, taskFile)) / megabyte)
      bench.said(
        `  ${round}/${rounds} Graft ${count(own.at(-1) ?? 0)} MB, Merlin ${count(theirs.at(-1) ?? 0)} MB`,
      )
    }
    const [graft, peer] = [spread(own), spread(theirs)]
    return {
      title: `Peak memory of ${epochs} epochs of the sample, all processes, MB`,
      table: [
        ['', 'median', 'min – max'],
        ['Graft (command line and trainer)', count(graft.median), spreadText(graft, count)],
        ['Merlin Models', count(peer.median), spreadText(peer, count)],
      ],
      notes: [`Proportional set sizes, looked at every 25 ms; medians of ${rounds} runs.`],
      verdicts: [
        {
          name: 'peak memory of the sample',
          value: graft.median,
          unit: 'MB',
          goal: `≤ Merlin's ${count(peer.median)}`,
          met: graft.median <= peer.median,
          note: '',
        },
      ],
      figures: { graftMegabytes: graft, merlinMegabytes: peer },
    }
  })
}

async function merlinPeak(python: string, script: string, taskFile: string): Promise<number> {
  const worker = Worker.launch('Merlin Models', python, [script, taskFile])
  const usage = watchTree(worker.pid, { memory: true })
  await worker.ready()
  await worker.train(epochs - 1)
  await worker.stop()
  return peak(await usage())
}

function peak(usage: { peakBytes: number } | null): number {
  if (!usage) throw new Error('Memory is read from /proc, which this platform does not have.')
  return usage.peakBytes
}
