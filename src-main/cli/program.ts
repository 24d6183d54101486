import { Command, CommanderError } from 'commander'
import { version } from '../../package.json'
import { GraftError, toGraftError } from '../contract'
import { makeContext } from './context'
import { addDeriveCommand } from './deriveCommand'
import { addDoctorCommand } from './doctorCommand'
import { addEvaluateCommands } from './evaluateCommands'
import { addExportCommand } from './exportCommand'
import { addExportTableCommand } from './exportTableCommand'
import { addImportCommand } from './importCommand'
import { addLookCommands } from './lookCommands'
import { addMapCommands } from './mapCommands'
import { Output } from './output'
import { addProfileCommand } from './profileCommand'
import { addProjectCommands } from './projectCommands'
import { addSchemaCommand } from './schemaCommand'
import { addSplitCommand } from './splitCommand'
import { addServeCommand } from './serveCommand'
import { addTableCommands } from './tableCommands'
import { addTrainCommand } from './trainCommand'
import { addUseCommand } from './useCommand'

/** Exit status of the process. */
export const exitStatus = { done: 0, failed: 1, usage: 2 } as const

const registrations = [
  addProjectCommands,
  addImportCommand,
  addSplitCommand,
  addDeriveCommand,
  addProfileCommand,
  addSchemaCommand,
  addTableCommands,
  addUseCommand,
  addLookCommands,
  addMapCommands,
  addTrainCommand,
  addEvaluateCommands,
  addExportCommand,
  addExportTableCommand,
  addServeCommand,
  addDoctorCommand,
]

/**
 * Runs one command.
 * @param argv as the process got it
 * @param bundles folder of the built main bundles
 * @returns the exit status
 */
export async function runCli(argv: readonly string[], { bundles }: { bundles: string }): Promise<number> {
  const output = new Output(argv.includes('--json'))
  const context = makeContext(output, bundles)
  const program = new Command('graft')
    .description('A workbench for training with pretrained embedding tables.')
    .version(version)
  for (const register of registrations) register(program, context)
  prepare(program, output)
  try {
    await program.parseAsync([...argv])
    return exitStatus.done
  } catch (thrown) {
    if (thrown instanceof CommanderError) return usage(thrown, output)
    const error = toGraftError(thrown)
    output.failure(error.toWire())
    return error.code === 'usage' ? exitStatus.usage : exitStatus.failed
  }
}

/** Every command, at any depth: `--json`, and errors that come back to us instead of ending the process. */
function prepare(command: Command, output: Output): void {
  command
    .exitOverride()
    .configureOutput({
      // With --json the error is the document on standard output.
      writeErr: (text) => (output.json ? undefined : process.stderr.write(text)),
    })
    .showHelpAfterError('(add --help for what it takes)')
  if (command.commands.length === 0) command.option('--json', 'print one JSON document and nothing else')
  for (const child of command.commands) prepare(child, output)
}

/** Asked-for help and versions are no errors; anything else that commander refuses is wrong usage. */
function usage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0) return exitStatus.done
  if (output.json) {
    const message = error.message.replace(/^error: /, '')
    output.failure(new GraftError('usage', message, 'Add --help to see what the command takes.').toWire())
  }
  return exitStatus.usage
}
