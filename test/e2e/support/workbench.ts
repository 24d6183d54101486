import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  _electron,
  chromium,
  errors,
  type ConsoleMessage,
  type ElectronApplication,
  type Page,
} from 'playwright-core'
import { chromiumBinary } from '../../../scripts/lib/display.mjs'
import { electronBinary, electronFlags } from '../../../scripts/lib/electron.mjs'

const root = resolve(__dirname, '..', '..', '..')
const cli = join(root, 'out', 'main', 'cli.cjs')

/** A running workbench with its window, on a new copy of the sample. */
export interface Workbench {
  readonly page: Page
  /** The project folder that is open. */
  readonly project: string
  /** A folder for the test's own files. */
  readonly scratch: string
  /** The process that everything else of the workbench descends from. */
  readonly pid: number
  /** Errors that the window wrote to its console: there should be none. */
  readonly complaints: string[]
  close(): Promise<void>
}

export type Kind = 'electron' | 'served'

/** Runs a command of the command line to its end. */
export type Graft = (...parameters: string[]) => void

/**
 * Opens a project in Electron, or in Chromium on the served workbench.
 * @param make fills the folder of the project; the sample by default
 */
export async function openWorkbench(
  kind: Kind,
  make: (project: string, graft: Graft) => Promise<void> | void = (project, graft) =>
    graft('new', project, '--sample', 'movielens-100k'),
): Promise<Workbench> {
  const scratch = mkdtempSync(join(tmpdir(), 'graft-e2e-'))
  const project = join(scratch, 'sample')
  const env = { ...process.env, GRAFT_HOME: join(scratch, 'home') }
  await make(project, (...parameters) => {
    const made = spawnSync(process.execPath, [cli, ...parameters], { env, encoding: 'utf8' })
    if (made.status !== 0) throw new Error(`graft ${parameters[0] ?? ''} failed: ${made.stderr}`)
  })
  const opened = await (kind === 'electron' ? openElectron(project, env) : openServed(project, env))
  const complaints: string[] = []
  opened.page.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  opened.page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
  await opened.page.waitForSelector('[data-line=connected]')
  return {
    ...opened,
    project,
    scratch,
    complaints,
    close: async () => {
      await opened.close()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

type Opened = Pick<Workbench, 'page' | 'pid' | 'close'>

async function openElectron(project: string, env: NodeJS.ProcessEnv): Promise<Opened> {
  const runtime = electronBinary(root)
  if (!runtime) throw new Error('There is no Electron: run `npm test` once, which fetches it.')
  const app = await launchElectron({
    executablePath: runtime.path,
    args: [...electronFlags(), root, project],
    env: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    timeout: 60_000,
  })
  const page = await app.firstWindow()
  return { page, pid: app.process().pid ?? 0, close: () => closeElectron(app) }
}

/**
 * Playwright attaches to Node's debugger and to Chromium's; now and then it waits for good for the first context although both
 * answered. It has ended that Electron by then, and another is started, once: an application that hangs does so again.
 */
async function launchElectron(options: Parameters<typeof _electron.launch>[0]): Promise<ElectronApplication> {
  try {
    return await _electron.launch(options)
  } catch (error) {
    if (!(error instanceof errors.TimeoutError)) throw error
    return _electron.launch(options)
  }
}

/**
 * Without a debugger Electron is gone a fifth of a second after it quits. With Playwright's, Node now and then waits for good
 * for that to let go; everything is closed and on disk by then, so it is ended.
 */
async function closeElectron(app: ElectronApplication): Promise<void> {
  const closed = app.close().then(() => true)
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 5_000))
  if (await Promise.race([closed, late])) return
  app.process().kill('SIGKILL')
  await closed
}

async function openServed(project: string, env: NodeJS.ProcessEnv): Promise<Opened> {
  const executablePath = chromiumBinary()
  if (!executablePath || !existsSync(executablePath))
    throw new Error('There is no Chromium; name one in GRAFT_CHROMIUM.')
  const server = spawn(process.execPath, [cli, 'serve', project, '--port', '0'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = await printedUrl(server)
  const browser = await chromium.launch({ executablePath, args: electronFlags() })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(url)
  return {
    page,
    pid: server.pid ?? 0,
    close: async () => {
      await browser.close()
      await endServer(server)
    },
  }
}

/** Ctrl-C, and the end that has to follow. */
async function endServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null)
    throw new Error(`serve ended by itself: exit code ${server.exitCode}, signal ${server.signalCode}`)
  const ended = new Promise<true>((resolveExit) => server.once('exit', () => resolveExit(true)))
  server.kill('SIGINT')
  const late = new Promise<false>((resolveLate) => setTimeout(() => resolveLate(false), 60_000))
  if (await Promise.race([ended, late])) return
  server.kill('SIGKILL')
  throw new Error('serve did not end within a minute of Ctrl-C.')
}

/** The one-time link that `serve` prints. */
function printedUrl(server: ChildProcess): Promise<string> {
  return new Promise((resolveUrl, reject) => {
    let text = ''
    const read = (chunk: Buffer): void => {
      text += chunk.toString('utf8')
      const found = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(text)
      if (found) resolveUrl(found[0])
    }
    server.stdout?.on('data', read)
    server.stderr?.on('data', read)
    server.once('exit', (status) => reject(new Error(`serve ended with status ${status}: ${text}`)))
  })
}
