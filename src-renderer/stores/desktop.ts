import { defineStore } from 'pinia'
import { computed } from 'vue'
import { api, pathOf, pathOfFolder } from '../api'
import { useSession } from './session'

/** The desktop's own dialogs, where main can show them. */
export const useDesktop = defineStore('desktop', () => {
  const session = useSession()
  const canShowDialogs = computed(() => session.app?.canShowDialogs ?? false)

  const chooseFile = async (title: string, extensions: string[]): Promise<string | null> =>
    (await api.desktop.chooseFile({ title, extensions })).path

  const chooseFolder = async (
    title: string,
    defaultPath: string | null,
    create: boolean,
  ): Promise<string | null> => (await api.desktop.chooseFolder({ title, defaultPath, create })).path

  const showInFolder = async (path: string): Promise<void> => void (await api.desktop.showInFolder({ path }))

  return { canShowDialogs, chooseFile, chooseFolder, showInFolder, pathOf, pathOfFolder }
})
