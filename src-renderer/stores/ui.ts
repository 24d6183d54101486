import { usePreferredDark, useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { places, type Place } from './steps'

export type ThemeChoice = 'system' | 'light' | 'dark'

function placeOf(hash: string): Place {
  return places.find((place) => `#${place}` === hash) ?? 'data'
}

/** What belongs to this window alone and to no project: where the person is, what is selected, the theme. */
export const useUi = defineStore('ui', () => {
  // Kept in the address, so that a reload comes back to the same place.
  const place = ref<Place>(placeOf(window.location.hash))
  const column = ref<string | null>(null)
  const table = ref<string | null>(null)
  const layer = ref<string | null>(null)
  const run = ref<string | null>(null)

  const themeChoice = useLocalStorage<ThemeChoice>('graft.theme', 'system')
  const inspectorOpen = useLocalStorage('graft.inspector', true)
  const prefersDark = usePreferredDark()
  const dark = computed(
    () => themeChoice.value === 'dark' || (themeChoice.value === 'system' && prefersDark.value),
  )

  watch(place, (next) => window.history.replaceState(null, '', `#${next}`))

  function go(next: Place): void {
    place.value = next
  }

  /** From a problem or a search to the column it is about. */
  function goToColumn(name: string, next: Place = 'schema'): void {
    column.value = name
    place.value = next
  }

  function showRun(id: string | null): void {
    run.value = id
  }

  return { place, column, table, layer, run, themeChoice, inspectorOpen, dark, go, goToColumn, showRun }
})
