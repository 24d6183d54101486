import process from 'node:process'

/** Ends the process where Node is too old for what follows. It uses nothing that an old Node would not parse. */
export function requireNode() {
  const parts = process.versions.node.split('.').map(Number)
  const major = parts[0] ?? 0
  const minor = parts[1] ?? 0
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(
    `Graft needs Node 20.19 or later; this is ${process.versions.node}. Install it from your system or by nvm.\n`,
  )
  process.exit(1)
}
