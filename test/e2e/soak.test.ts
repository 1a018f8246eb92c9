import t from 'tap'
import { soak } from './soak.js'

// The minute, what is sent after it, and a loaded machine.
t.setTimeout(300_000)

t.test('a minute in which everything fails loses and doubles nothing', async t => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.comment(`seed ${seed}: npm run test:soak -- ${seed} 1`)
  const say = (text: string) => t.comment(text)
  const { figures, faults } = await soak({
    seconds: 60,
    seed,
    linesPerSecond: 2_000,
    say,
  })
  t.comment(figures)
  t.strictSame(faults, [])
  for (const befell of ['kills -9', 'reloads', 'rotations', 'messages delivered']) {
    t.ok(Number(figures[befell]) > 0, `${befell}: ${figures[befell]}`)
  }
})
