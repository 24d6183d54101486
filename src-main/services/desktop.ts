/** What only a process with a screen can do. The shell provides it; served mode and the command line have none. */
export interface DesktopPort {
  /** @param extensions without dots; empty for any file */
  chooseFile(title: string, extensions: readonly string[]): Promise<string | null>
  chooseFolder(title: string, create: boolean, defaultPath: string | null): Promise<string | null>
  showInFolder(path: string): void
}
