import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs `npm test` in this environment; files that fail once more, one after the other. Where a machine
 * has neighbours, all that runs on it may stall for seconds, and what drives real processes fails; what
 * fails by itself too is broken. Each failure is told again at the end.
 */
export async function testsPass(env: NodeJS.ProcessEnv): Promise<boolean> {
  const { output, status } = await run('npm', ['test'], env)
  if (status === 0) return true
  const failures = [...output.matchAll(/^ *not ok(?:.*\n){1,25}/gm)].map(([part]) => part)
  console.error(`npm test has failed (${status}):\n${failures.slice(0, 6).join('\n')}`)
  const files = [...output.matchAll(/^not ok \d+ - (test\/\S+)/gm)].map(
    ([, file]) => file!,
  )
  if (files.length === 0 || files.length > most || /^ERROR: Coverage/m.test(output)) {
    console.error('that is not by chance')
    return false
  }
  const again = await run('npx', ['tap', '--disable-coverage', '--jobs=1', ...files], env)
  if (again.status === 0) console.error(`passed by themselves: ${files.join(' ')}`)
  return again.status === 0
}

/** More files don't fail by chance. */
const most = 3

/** Runs a command, and shows what it says meanwhile. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    process.stdout.write(text)
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { output, status }
}
