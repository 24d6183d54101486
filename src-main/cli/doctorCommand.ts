import { type Command } from 'commander'
import { type DoctorReport } from '../contract'
import { userFolder } from '../project/folders'
import { inspectMachine } from '../tensorflow/inspect'
import { type Context } from './context'
import { formatBytes, formatTable } from './format'

/** `doctor`: what is there, what is missing, and how to get it. */
export function addDoctorCommand(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('what is there, what is missing, and how to get it')
    .action(async () => {
      const report = await inspectMachine(userFolder())
      context.output.result(report, describeReport(report))
    })
}

function describeReport(report: DoctorReport): string {
  const { engine, electron, node, python, compiler, gpus, processors, memory, disk, folders, findings } =
    report
  const missing = 'not found'
  const facts = [
    ['Platform', report.platform],
    [
      'TensorFlow',
      engine
        ? `${engine.tensorflow} for the ${engine.device.toUpperCase()}, from ${engine.source === 'wheel' ? 'its Python wheel' : 'the tfjs-node package'}`
        : missing,
    ],
    ['Electron', electron ? `${electron.version}${electron.standIn ? ', a stand-in' : ''}` : missing],
    ['Node', `${node.version}${node.supported ? '' : ', too old'}`],
    ['Python', python ? `${python.version} (${python.command}), pip ${python.pip ?? missing}` : missing],
    ['C++ compiler', compiler ? `${compiler.version} (${compiler.command})` : missing],
    [
      'GPU',
      gpus.length > 0
        ? gpus
            .map(({ name, driver, memoryBytes }) => `${name}, ${formatBytes(memoryBytes)}, driver ${driver}`)
            .join('; ')
        : 'none with an NVIDIA driver',
    ],
    ['Processors', String(processors)],
    ['Memory', `${formatBytes(memory.freeBytes)} free of ${formatBytes(memory.totalBytes)}`],
    ['Disk', disk ? `${formatBytes(disk.freeBytes)} free where downloads are kept` : 'unknown'],
    ['Downloads', folders.cache],
    ['Own folder', folders.user],
  ]
  const marks = { error: 'Missing', warning: 'Warning', note: 'Note' } as const
  return [
    formatTable([{ title: report.ready ? 'Ready to train.' : 'Not ready to train.' }, { title: '' }], facts),
    ...findings.flatMap(({ severity, message, hint }) => ['', `${marks[severity]}: ${message}`, hint]),
  ]
    .join('\n')
    .trimEnd()
}
