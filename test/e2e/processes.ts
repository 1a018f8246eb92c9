import { readdirSync, readFileSync } from 'node:fs'

/** A process that runs. */
export interface Process {
  pid: number
  parent: number
  command: string
}

/** The processes whose command line holds `text`; none that has ended and is only not reaped. */
export function processesNaming(text: string): Process[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => ({
      pid: Number(name),
      parent: parentOf(name),
      command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim(),
    }))
    .filter(({ command }) => command.includes(text))
}

function parentOf(name: string): number {
  // "pid (name) state parent ...", where the name may itself hold spaces and brackets.
  const stat = read(`/proc/${name}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** A process may end between being listed and being read: then there is nothing to read. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
