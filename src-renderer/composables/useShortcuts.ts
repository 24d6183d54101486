import { useEventListener } from '@vueuse/core'
import { toGraftError, type GraftError } from '../../src-main/contract'
import { useProject } from '../stores/project'
import { places } from '../stores/steps'
import { useUi } from '../stores/ui'

/** Whether typing belongs to the element, which then has its own undo. */
export function takesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('textarea, input:not([type=checkbox], [type=radio])'))
  )
}

/** Undo and redo of the document, and Alt+1 … Alt+7 for the steps of the rail. */
export function useShortcuts(failed: (error: GraftError) => void): void {
  const project = useProject()
  const ui = useUi()

  useEventListener(window, 'keydown', (event) => {
    const digit = Number(event.key)
    const place = event.altKey && Number.isInteger(digit) ? places[digit - 1] : undefined
    if (place && project.snapshot) {
      ui.go(place)
      event.preventDefault()
      return
    }
    if (!(event.ctrlKey || event.metaKey) || takesText(event.target) || !project.snapshot) return
    const key = event.key.toLowerCase()
    const redo = (key === 'z' && event.shiftKey) || key === 'y'
    if (key !== 'z' && !redo) return
    event.preventDefault()
    if (redo ? !project.snapshot.redo : !project.snapshot.undo) return
    void (redo ? project.redo() : project.undo()).catch((thrown) => failed(toGraftError(thrown)))
  })
}
