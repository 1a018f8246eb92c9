import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { diskLevel, watchDisks, type DiskLevel } from '../src/disk-space.js'
import { mountSmallDisk, whereMountsAreAllowed } from './e2e/small-disk.js'

const diskBytes = 4 * 1024 * 1024

t.test(
  '15 % and 5 % free are the limits, and better is only what is 2 % beyond',
  async t => {
    const table: [DiskLevel, number, DiskLevel][] = [
      ['ok', 15, 'ok'],
      ['ok', 14.99, 'low'],
      ['ok', 4.99, 'full'],
      ['low', 5, 'low'],
      ['low', 4.99, 'full'],
      ['low', 16.99, 'low'],
      ['low', 17, 'ok'],
      ['full', 6.99, 'full'],
      ['full', 7, 'low'],
      ['full', 16.99, 'low'],
      ['full', 17, 'ok'],
      ['ok', 0, 'full'],
      ['full', 100, 'ok'],
    ]
    for (const [before, free, level] of table) {
      t.equal(diskLevel(free, before), level, `${free} % free after ${before}`)
    }
  },
)

whereMountsAreAllowed(t, import.meta.url, 30_000, () => {
  t.test('a disk that fills up is told at each of the limits, once', async t => {
    const disk = mountSmallDisk(t, diskBytes)
    const disks = watchDisks([disk.dir])
    const seen = (freePercent: number) => {
      disk.empty()
      disk.fillTo(freePercent)
      return disks.look().map(({ level }) => level)
    }
    t.strictSame(seen(50), [])
    t.strictSame(seen(14), ['low'])
    t.strictSame(seen(16), [], 'a little better')
    t.strictSame(seen(14), [], 'is the same trouble')
    t.strictSame(seen(4), ['full'])
    t.strictSame(seen(6), [])
    t.strictSame(seen(0), [])
    t.strictSame(seen(10), [], 'getting better is told to nobody')
    t.strictSame(seen(4), ['full'], 'and worse again is')
    t.strictSame(seen(50), [])
    t.strictSame(seen(3), ['full'], 'also all at once')
  })

  t.test('it is told which folder, and how much is free', async t => {
    const disk = mountSmallDisk(t, diskBytes)
    disk.fillTo(12.5)
    t.strictSame(watchDisks([disk.dir]).look(), [
      { folder: disk.dir, level: 'low', freePercent: 12.5 },
    ])
  })

  t.test('folders of one disk count once, and each disk for itself', async t => {
    const [one, other] = [mountSmallDisk(t, diskBytes), mountSmallDisk(t, diskBytes)]
    const folders = [join(one.dir, 'log'), join(one.dir, 'state'), other.dir]
    for (const folder of folders) mkdirSync(folder, { recursive: true })
    const disks = watchDisks(folders)
    one.fillTo(10)
    t.match(disks.look(), [{ folder: folders[0] }])
    other.fillTo(10)
    t.match(disks.look(), [{ folder: other.dir }])
  })

  t.test('a folder that is missing is watched from when it is there', async t => {
    const disk = mountSmallDisk(t, diskBytes)
    const folder = join(disk.dir, 'log')
    disk.fillTo(10)
    const disks = watchDisks([folder])
    t.strictSame(disks.look(), [])
    mkdirSync(folder)
    t.match(disks.look(), [{ folder, level: 'low' }])
  })
})
