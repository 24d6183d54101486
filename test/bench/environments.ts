import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildFolder, cacheFolder } from '../../scripts/lib/cache.mjs'
import { lastLines, runCommand } from '../../scripts/lib/command.mjs'
import { findPython } from '../../scripts/lib/engine/python.mjs'
import { peerIsReady, provisionPeer } from '../../scripts/lib/peer.mjs'

/** Told of what is being installed. */
export type Said = (line: string) => void

/** The interpreter of the environment with Keras 3, which the peer tests use as well. */
export function kerasPython(root: string, said: Said): Promise<string> {
  if (!peerIsReady(root)) said('Python environment of Keras 3 (made once; the peer tests use the same)')
  return provisionPeer({ root, onLine: tellPackages(said) })
}

/** TensorFlow 2.12, which Merlin Models 23.12 needs, has wheels for no later Python. */
const merlinPythons = ['3.10', '3.11']

/**
 * The interpreter of an environment with NVIDIA Merlin Models 23.12, made at first use. Its packages ask for others that it
 * does without on a CPU, so the last three are installed without their dependencies.
 * @throws an error that says what is missing
 */
export async function merlinPython(root: string, said: Said): Promise<string> {
  const cache = cacheFolder()
  const name = 'bench-merlin-23.12'
  const folder = join(cache, name)
  const interpreter = (environment: string): string => join(environment, 'bin', 'python')
  const isReady = (): boolean => existsSync(join(folder, 'complete'))
  if (isReady()) return interpreter(folder)
  said('Python environment of Merlin Models (about 1.3 GB, made once)')
  const python = await findMerlinPython()
  const lists = join(root, 'test', 'bench', 'peers')
  const build = async (environment: string): Promise<void> => {
    const run = async (program: string, parameters: readonly string[]): Promise<void> => {
      const result = await runCommand(program, parameters, { onLine: tellPackages(said) })
      if (result.status !== 0)
        throw new Error(`Merlin's environment could not be made:\n${lastLines(result, 6)}`)
    }
    const install = ['-m', 'pip', 'install', '--no-input', '--progress-bar', 'off', '-r']
    const pip = [...install, join(lists, 'merlin-requirements.txt')]
    const pipAlone = [...install, join(lists, 'merlin-packages.txt'), '--no-deps', '--no-build-isolation']
    await run(python, ['-m', 'venv', environment])
    await run(interpreter(environment), pip)
    await run(interpreter(environment), pipAlone)
    await writeFile(join(environment, 'complete'), `${new Date().toISOString()}\n`)
  }
  await buildFolder(cache, name, isReady, build)
  return interpreter(folder)
}

/** The interpreter of an environment with pandas and scikit-learn, made at first use. @throws an error that says what is missing */
export async function scikitPython(root: string, said: Said): Promise<string> {
  const cache = cacheFolder()
  const name = 'bench-scikit-1.9'
  const folder = join(cache, name)
  const interpreter = (environment: string): string => join(environment, 'bin', 'python')
  const isReady = (): boolean => existsSync(join(folder, 'complete'))
  if (isReady()) return interpreter(folder)
  said('Python environment of pandas and scikit-learn (made once)')
  const python = await findPython()
  if (!python) throw new Error('Python 3 was not found.')
  const list = join(root, 'test', 'bench', 'peers', 'scikit-requirements.txt')
  await buildFolder(cache, name, isReady, async (environment: string): Promise<void> => {
    const run = async (program: string, parameters: readonly string[]): Promise<void> => {
      const result = await runCommand(program, parameters, { onLine: tellPackages(said) })
      if (result.status !== 0)
        throw new Error(`scikit-learn's environment could not be made:\n${lastLines(result, 6)}`)
    }
    await run(python.command, ['-m', 'venv', environment])
    const install = ['-m', 'pip', 'install', '--no-input', '--progress-bar', 'off', '-r', list]
    await run(interpreter(environment), install)
    await writeFile(join(environment, 'complete'), `${new Date().toISOString()}\n`)
  })
  return interpreter(folder)
}

async function findMerlinPython(): Promise<string> {
  for (const command of [...merlinPythons.map((version) => `python${version}`), 'python3', 'python']) {
    const asked = 'import sys, venv; print("%d.%d" % sys.version_info[:2])'
    const { status, stdout } = await runCommand(command, ['-c', asked])
    if (status === 0 && merlinPythons.includes(stdout.trim())) return command
  }
  throw new Error(`Merlin Models needs Python ${merlinPythons.join(' or ')} with venv, and none was found.`)
}

function tellPackages(said: Said): Said {
  return (line) => {
    const found = /^Collecting ([^ ]+)/.exec(line)
    if (found) said(`  ${found[1]}`)
  }
}
