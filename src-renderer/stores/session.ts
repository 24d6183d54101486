import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { type AppInfo, type EngineStatus, type GraftError, type RecentProject } from '../../src-main/contract'
import { api } from '../api'
import { useJobs } from './jobs'
import { type Projection } from './projection'

export type LineState = 'connecting' | 'connected' | 'lost' | 'refused'

/** What main says about itself: the application, the engine, recent projects, and the state of the line to it. */
export const useSession = defineStore('session', () => {
  const line = ref<LineState>('connecting')
  const lineError = shallowRef<GraftError | null>(null)
  const app = shallowRef<AppInfo | null>(null)
  const engine = shallowRef<EngineStatus | null>(null)
  const recent = shallowRef<readonly RecentProject[]>([])

  const projection: Projection = {
    reset(snapshot) {
      app.value = snapshot.app
      engine.value = snapshot.engine
      recent.value = snapshot.recent
    },
    receive(message) {
      if (message.name === 'recent.changed') recent.value = message.data.recent
      if (message.name === 'engine.changed') engine.value = message.data.engine
    },
  }

  /** Downloads and builds the engine; resolves when it is there. */
  async function installEngine(device: 'cpu' | 'gpu'): Promise<void> {
    const { job } = await api.engine.install({ device })
    await useJobs().finished(job)
  }

  async function forget(path: string): Promise<void> {
    await api.project.forget({ path })
  }

  return { line, lineError, app, engine, recent, ...projection, installEngine, forget }
})
