import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { build } from 'vite'
import { afterAll } from 'vitest'

const root = resolve(__dirname, '..')
/** Of its own for every process: test files run beside each other. */
const outDir = resolve(root, 'out', 'test', `trainer-${process.pid}`)
let built: Promise<string> | null = null

afterAll(() => rm(outDir, { recursive: true, force: true }))

/** The trainer process's bundle, as `npm run build` makes it, for tests that fork it; made once a test file. */
export function trainerEntry(): Promise<string> {
  built ??= bundle()
  return built
}

async function bundle(): Promise<string> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: resolve(root, 'src-main', 'training', 'process.ts'),
      outDir,
      emptyOutDir: true,
      target: 'node16',
      rollupOptions: { output: { format: 'cjs', entryFileNames: 'trainer.cjs' } },
    },
  })
  return resolve(outDir, 'trainer.cjs')
}
