import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const here = (path: string): string => resolve(import.meta.dirname, path)

/** Main and preload are CommonJS for Node 16, so that the oldest runtime we may have to borrow (Electron 22) runs them. */
const commonJs = {
  format: 'cjs' as const,
  entryFileNames: '[name].cjs',
  chunkFileNames: 'chunks/[name]-[hash].cjs',
}

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node16',
      externalizeDeps: true,
      rollupOptions: {
        input: {
          main: here('src-main/main.ts'),
          cli: here('src-main/cli.ts'),
          trainer: here('src-main/training/process.ts'),
        },
        output: commonJs,
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      target: 'node16',
      externalizeDeps: false,
      rollupOptions: { input: { preload: here('src-main/preload.ts') }, output: commonJs },
    },
  },
  renderer: {
    root: here('src-renderer'),
    plugins: [vue()],
    build: {
      outDir: here('out/renderer'),
      target: 'chrome108',
      // The content security policy lets fonts come from files alone, so none may become a data: URL.
      assetsInlineLimit: 0,
      rollupOptions: { input: here('src-renderer/index.html') },
    },
  },
})
