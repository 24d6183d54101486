// Loaded before the command line (node --import): ends the process without warning before the n-th time that it renames or
// removes something or opens a file to write, counted from when rows and document begin to be exchanged.
import files from 'node:fs/promises'

let left = Number(process.env.GRAFT_TEST_KILL_AT)
let begun = false
const writes = (flags) => typeof flags === 'string' && /[wa+]/.test(flags)

function watch(name, changes) {
  const original = files[name]
  files[name] = (...given) => {
    begun ||= String(given[0]).includes('.dataset.exchange')
    if (begun && changes(given) && left-- === 0) process.kill(process.pid, 'SIGKILL')
    return original(...given)
  }
}

watch('rename', () => true)
watch('rm', () => true)
watch('writeFile', () => true)
watch('open', ([, flags]) => writes(flags))
