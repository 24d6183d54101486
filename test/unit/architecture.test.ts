import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** The rules of who may import whom, kept here and nowhere else. */

const root = resolve(import.meta.dirname, '..', '..')

interface Import {
  /** The importing file, from the project's folder, with slashes. */
  readonly from: string
  /** A package's name, or the imported file from the project's folder. */
  readonly to: string
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|vue)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function scriptOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8')
  if (!file.endsWith('.vue')) return text
  return [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '').join('\n')
}

function importsOf(file: string): Import[] {
  return ts.preProcessFile(scriptOf(file), true, true).importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return { from: file, to: fileName }
    const target = relative(root, resolve(root, dirname(file), fileName))
    return { from: file, to: target.split(sep).join('/') }
  })
}

const main = sourceFiles('src-main').flatMap(importsOf)
const renderer = sourceFiles('src-renderer').flatMap(importsOf)
const all = [...main, ...renderer]

const inFolder = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)
const isPackage = (path: string, name: string): boolean => path === name || path.startsWith(`${name}/`)
const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/')
const show = (imports: Import[]): string[] => imports.map(({ from, to }) => `${from} → ${to}`)

/** Imports from `folder` to other parts of the project, but those allowed. */
function strays(folder: string, allowed: readonly string[]): string[] {
  return show(
    main.filter(
      ({ from, to }) =>
        inFolder(from, folder) &&
        (inFolder(to, 'src-main') || inFolder(to, 'src-renderer')) &&
        ![folder, ...allowed].some((other) => inFolder(to, other)),
    ),
  )
}

describe('who may import whom', () => {
  it('finds imports at all', () => {
    expect(main.length).toBeGreaterThan(200)
    expect(renderer.length).toBeGreaterThan(50)
    expect(renderer.some(({ to }) => inFolder(to, 'src-main/contract'))).toBe(true)
  })

  it('the renderer knows nothing of main but the contract', () => {
    const others = renderer.filter(
      ({ to }) =>
        (inFolder(to, 'src-main') && !inFolder(to, 'src-main/contract')) ||
        to.startsWith('node:') ||
        isPackage(to, 'electron'),
    )
    expect(show(others)).toEqual([])
  })

  it('main knows nothing of the renderer', () => {
    expect(show(main.filter(({ to }) => inFolder(to, 'src-renderer')))).toEqual([])
  })

  it('graph/ and schema/ import no sibling', () => {
    expect(strays('src-main/graph', [])).toEqual([])
    expect(strays('src-main/schema', [])).toEqual([])
  })

  it('contract/ imports schema/ alone', () => {
    expect(strays('src-main/contract', ['src-main/schema'])).toEqual([])
  })

  it('model/ imports graph/, schema/ and the contract', () => {
    expect(strays('src-main/model', ['src-main/graph', 'src-main/schema', 'src-main/contract'])).toEqual([])
  })

  it('only the shell and the preload script import electron', () => {
    const others = all.filter(
      ({ from, to }) =>
        isPackage(to, 'electron') && !inFolder(from, 'src-main/shell') && from !== 'src-main/preload.ts',
    )
    expect(show(others)).toEqual([])
  })

  it('only tensorflow/ imports tfjs', () => {
    const others = all.filter(
      ({ from, to }) => to.startsWith('@tensorflow/') && !inFolder(from, 'src-main/tensorflow'),
    )
    expect(show(others)).toEqual([])
  })

  it('nobody imports shell/ but main.ts, nor server/ but main.ts and the command line', () => {
    const toShell = main.filter(
      ({ from, to }) =>
        inFolder(to, 'src-main/shell') && !inFolder(from, 'src-main/shell') && from !== 'src-main/main.ts',
    )
    const toServer = main.filter(
      ({ from, to }) =>
        inFolder(to, 'src-main/server') &&
        !inFolder(from, 'src-main/server') &&
        !inFolder(from, 'src-main/cli') &&
        !['src-main/main.ts', 'src-main/cli.ts'].includes(from),
    )
    expect(show([...toShell, ...toServer])).toEqual([])
  })

  it('nobody imports a composition root', () => {
    const roots = ['src-main/main', 'src-main/cli.ts', 'src-main/preload']
    expect(show(all.filter(({ to }) => roots.includes(to)))).toEqual([])
  })

  it('charts are pure functions: no Vue, no store, no request', () => {
    const others = renderer.filter(
      ({ from, to }) =>
        inFolder(from, 'src-renderer/charts') &&
        (['vue', 'pinia', 'vue-echarts', '@vueuse/core', 'naive-ui'].some((name) => isPackage(to, name)) ||
          ['api', 'stores', 'views', 'components', 'composables'].some((part) =>
            inFolder(to, `src-renderer/${part}`),
          )),
    )
    expect(show(others)).toEqual([])
  })

  it('views → stores → api.ts, never the other way', () => {
    const isView = (path: string): boolean =>
      ['views', 'components'].some((part) => inFolder(path, `src-renderer/${part}`))
    const backwards = renderer.filter(
      ({ from, to }) =>
        (inFolder(from, 'src-renderer/stores') && isView(to)) ||
        (from === 'src-renderer/api.ts' && (isView(to) || inFolder(to, 'src-renderer/stores'))),
    )
    expect(show(backwards)).toEqual([])
  })

  it('the preload script stays at most 20 lines', () => {
    expect(
      readFileSync(join(root, 'src-main/preload.ts'), 'utf8').trimEnd().split('\n').length,
    ).toBeLessThanOrEqual(20)
  })

  it('no source file grows past 400 lines', () => {
    const long = [...sourceFiles('src-main'), ...sourceFiles('src-renderer')].filter(
      (file) => readFileSync(join(root, file), 'utf8').split('\n').length > 401,
    )
    expect(long).toEqual([])
  })

  it('every folder of main is one that this test knows', () => {
    const known = [
      'cli',
      'contract',
      'dataset',
      'embeddings',
      'evaluation',
      'export',
      'graph',
      'model',
      'project',
      'schema',
      'server',
      'services',
      'shell',
      'tensorflow',
      'training',
      'web',
    ]
    const found = new Set(main.map(({ from }) => folderOf(from)).filter((folder) => !folder.endsWith('.ts')))
    expect([...found].filter((folder) => !known.includes(folder.replace('src-main/', '')))).toEqual([])
  })
})
