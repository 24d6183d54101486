import { execFileSync } from 'node:child_process'

interface Process {
  pid: number
  parent: number
  command: string
}

function list(): Process[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n')
  return lines.flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)
    return match ? [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }] : []
  })
}

/** All processes below one, however deep. */
export function descendants(pid: number): Process[] {
  const all = list()
  const below = (parent: number): Process[] =>
    all.filter((process) => process.parent === parent).flatMap((process) => [process, ...below(process.pid)])
  return below(pid)
}

/** The process that trains: our own bundle under Node, a utility process that hosts it under Electron. */
export function trainersOf(pid: number): number[] {
  return descendants(pid)
    .filter(({ command }) => command.includes('trainer.cjs') || command.includes('node.mojom.NodeService'))
    .map((process) => process.pid)
}
