// `npm run test:soak [-- SEED [MINUTES]]`: the soak for 10 minutes. The same seed has the same load
// and the same mishaps again, as far as time allows.

import { availableParallelism, cpus } from 'node:os'
import { soak } from './soak.js'

const [seedText, minutesText] = process.argv.slice(2)
const seed = Number(seedText ?? Math.floor(Math.random() * 2 ** 31))
const minutes = Number(minutesText ?? 10)
const say = (text: string) => void process.stdout.write(`${text}\n`)

say(
  `seed ${seed}, ${minutes} minutes; ${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown kind'}`,
)
const { figures, faults } = await soak({
  seconds: minutes * 60,
  seed,
  linesPerSecond: 2_000,
  say,
})
for (const [name, value] of Object.entries(figures)) say(`${name}: ${value}`)
for (const fault of faults) say(`FAULT ${fault}`)
say(faults.length === 0 ? 'all is well' : `${faults.length} faults; seed ${seed}`)
process.exitCode = faults.length === 0 ? 0 : 1
