import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserWindow, screen } from 'electron'
import { z } from 'zod'
import { writeFileAtomic } from '../project/files'

const bounds = z.object({ x: z.int(), y: z.int(), width: z.int().min(200), height: z.int().min(200) })

/** What the shell remembers of the person's screen, in `window.json` of their folder. */
const windowState = z.object({
  bounds: bounds.nullable().catch(null),
  maximized: z.boolean().catch(false),
  theme: z.enum(['system', 'light', 'dark']).catch('system'),
})
export type WindowState = z.infer<typeof windowState>

const initial: WindowState = { bounds: null, maximized: false, theme: 'system' }

export class WindowStateFile {
  private readonly file: string
  private state: WindowState

  constructor(private readonly home: string) {
    this.file = join(home, 'window.json')
    this.state = this.read()
  }

  get current(): WindowState {
    return this.state
  }

  /** The remembered place, where a screen still shows it. */
  visibleBounds(): z.infer<typeof bounds> | null {
    const { bounds: place } = this.state
    if (!place) return null
    const shown = screen.getAllDisplays().some(({ workArea: area }) => {
      const width = Math.min(place.x + place.width, area.x + area.width) - Math.max(place.x, area.x)
      const height = Math.min(place.y + place.height, area.y + area.height) - Math.max(place.y, area.y)
      return width >= 100 && height >= 100
    })
    return shown ? place : null
  }

  /** Follows a window and remembers where it was when it closed. */
  follow(window: BrowserWindow): void {
    window.on('close', () => {
      this.update({ bounds: window.getNormalBounds(), maximized: window.isMaximized() })
    })
  }

  update(changes: Partial<WindowState>): void {
    this.state = { ...this.state, ...changes }
    try {
      mkdirSync(this.home, { recursive: true })
    } catch {
      return // a folder that cannot be made: the window opens in its first place again
    }
    void writeFileAtomic(this.file, `${JSON.stringify(this.state, null, 2)}\n`).catch(() => undefined)
  }

  /** Read at once: the window must not first appear elsewhere. */
  private read(): WindowState {
    try {
      return windowState.parse(JSON.parse(readFileSync(this.file, 'utf8')))
    } catch {
      return initial
    }
  }
}
