import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { createOldestKeys } from '../../src/correlate/oldest-keys.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

t.test('gives the keys oldest first, also those that came later', async t => {
  const map = new Map([1, 2, 3].map(key => [key, key]))
  const oldest = createOldestKeys(map)
  const take = () => {
    const key = oldest()
    if (key !== undefined) map.delete(key)
    return key
  }
  t.equal(take(), 1)
  map.delete(2)
  map.set(4, 4)
  collectGarbage()
  // What is held weakly goes when the program waits.
  await new Promise(resolve => setTimeout(resolve, 1))
  collectGarbage()
  t.strictSame([take(), take(), take()], [3, 4, undefined])
  map.set(5, 5)
  t.equal(take(), 5)
})

t.test('keeps nothing of a map whose keys come and go', async t => {
  const map = new Map<number, number>()
  const oldest = createOldestKeys(map)
  const heapAfter = async (count: number) => {
    for (let i = 0; i < count; i += 1) map.set(i, i).delete(i)
    await new Promise(resolve => setTimeout(resolve, 1))
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = await heapAfter(1_000)
  const after = await heapAfter(500_000)
  t.ok(after - before < 1_000_000, `${after - before} bytes more`)
  t.equal(oldest(), undefined)
})
