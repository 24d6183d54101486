import { join } from 'node:path'

/**
 * Builds the fuzz run and its child (test/fuzz), each a program of its own.
 * @param {string} root the repository
 * @param {string} outDir where the programs go
 */
export async function buildFuzz(root, outDir) {
  // Imported here: the packages may have been installed a moment ago.
  const { build } = await import('vite')
  const fuzz = join(root, 'test', 'fuzz')
  const input = { main: join(fuzz, 'main.ts'), child: join(fuzz, 'child.ts') }
  const output = { entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs' }
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { ssr: true, target: 'node20', outDir, emptyOutDir: true, rolldownOptions: { input, output } },
  })
}
