import { runCli } from './cli/program'

void runCli(process.argv, { bundles: __dirname }).then((status) => {
  process.exitCode = status
})
