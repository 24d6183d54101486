import { basename, dirname, resolve } from 'node:path'

/**
 * The project folder that the arguments of a start name, or null. Electron mixes its own flags and the application's
 * folder in, and a file manager may name the `graft.json` itself.
 * @param folder what relative paths are relative to
 * @param appFolder the application's own folder
 */
export function projectArgument(argv: readonly string[], folder: string, appFolder: string): string | null {
  const [last] = argv
    .slice(1)
    .filter((argument) => !argument.startsWith('-'))
    .map((argument) => resolve(folder, argument))
    .filter((path) => path !== resolve(appFolder) && !path.endsWith('main.cjs'))
    .slice(-1)
  if (last === undefined) return null
  return basename(last) === 'graft.json' ? dirname(last) : last
}
