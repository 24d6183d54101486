import { join, resolve } from 'node:path'
import { version } from '../package.json'
import { userFolder } from './project/folders'
import { composeServices } from './services/compose'
import { openAtStart } from './services/start'
import { runShell } from './shell'

/** Composition root of the desktop application: builds the services and hands them to the shell. */

/** Electron before this one is the borrowed runtime of tests and blocked networks. */
const oldestSupported = 30

const root = resolve(__dirname, '..', '..')
const home = userFolder()
const electron = process.versions.electron ?? ''

runShell({
  root,
  renderer: join(root, 'out', 'renderer'),
  preload: join(root, 'out', 'preload', 'preload.cjs'),
  trainer: join(__dirname, 'trainer.cjs'),
  icon: join(root, 'resources', 'icons', 'icon-512.png'),
  home,
  compose: ({ desktop, fork }) => {
    const services = composeServices({
      app: {
        version,
        mode: 'electron',
        platform: process.platform,
        runtime: `Electron ${electron}`,
        standIn: Number.parseInt(electron, 10) < oldestSupported,
        canShowDialogs: true,
      },
      home,
      samples: join(root, 'resources', 'samples'),
      remember: true,
      fork,
      desktop,
    })
    return {
      dispatch: services.dispatch,
      client: services.client,
      subscribe: (listener) => services.bench.bus.subscribe(listener),
      openProject: (path) => openAtStart(services, path),
      save: () => services.bench.save(),
      close: () => services.bench.close(),
    }
  },
})
