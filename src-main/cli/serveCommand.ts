import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { serve } from '../server/server'
import { openAtStart } from '../services/start'
import { type Context } from './context'

const usualPort = 8321

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('Not a port.')
  return port
}

/** `serve`: the workbench in a browser until Ctrl-C. */
export function addServeCommand(program: Command, context: Context): void {
  program
    .command('serve')
    .description('the workbench in a browser, on this machine only')
    .argument('[dir]', 'the project to open; the one that was open last by default')
    .option('--port <n>', 'the port, or the next one that is free', parsePort, usualPort)
    .action(async (dir: string | undefined, options: { port: number }) => {
      const ended = new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
      })
      const services = context.services({ remember: true })
      const running = await serve({
        dispatch: services.dispatch,
        subscribe: (listener) => services.bench.bus.subscribe(listener),
        renderer: join(context.root, 'out', 'renderer'),
        port: options.port,
      })
      try {
        await openAtStart(services, dir === undefined ? null : context.path(dir))
        context.output.result(
          { url: running.url, port: running.port },
          `Graft is at ${running.url}\nThe link works once. Ctrl-C ends it.`,
        )
        await ended
        context.output.say('Closing: saving, and letting a run keep what it learnt.')
      } finally {
        await running.close()
        await services.bench.close()
      }
    })
}
