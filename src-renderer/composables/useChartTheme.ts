import { computed, type ComputedRef } from 'vue'
import { darkChart, lightChart, type ChartTheme } from '../charts/theme'
import { useUi } from '../stores/ui'

export function useChartTheme(): ComputedRef<ChartTheme> {
  const ui = useUi()
  return computed(() => (ui.dark ? darkChart : lightChart))
}
