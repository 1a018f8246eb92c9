import * as fc from 'fast-check'
import t from 'tap'
import { withoutLinks } from '../../src/notify/without-links.js'
import { linkable, restored } from '../fixtures/links.js'

t.test('addresses stand in brackets, and what is none stays as it is', async t => {
  const table: [string, string][] = [
    [
      'reset at evil.com/reset?u=1 or a@evil.com',
      'reset at evil[.]com/reset?u=1 or a[@]evil[.]com',
    ],
    ['https://www.evil.example/', 'https[://][www.]evil[.]example/'],
    ['mailto:a@b \\\\evil\\share', '[mailto:]a[@]b [\\\\]evil\\share'],
    ['пример.рф 1.co', 'пример[.]рф 1[.]co'],
  ]
  for (const [text, shown] of table) {
    t.equal(withoutLinks(text), shown)
    t.notMatch(shown, linkable)
    t.equal(restored(shown), text)
  }
  const plain =
    'From 10.0.0.7 at 10:15:30.412Z, twice. Then v1.2, sys/a:b, http: x, .hidden, @here, +. …'
  t.equal(withoutLinks(plain), plain)
})

t.test('any text: none linkable is left, and it grows by a bounded factor', async t => {
  const part = fc.oneof(
    fc.constantFrom('.', '@', 'a', 'ア', '€', ':', '/', '\\', '\\\\', 'www.', 'WWW', ' '),
    fc.constantFrom('mailto:', '://', '"', '1', 'é'),
    fc
      .string({ unit: 'binary', maxLength: 2 })
      .map(text => text.replaceAll(/[\p{Cc}\p{Cs}[\]]/gu, '')),
  )
  const property = fc.property(fc.array(part, { maxLength: 60 }), parts => {
    const text = parts.join('')
    const shown = withoutLinks(text)
    const bytes = Buffer.byteLength(JSON.stringify(shown)) - 2
    const faults = [
      linkable.test(shown) && 'linkable',
      shown.length > 2 * text.length && 'too long',
      bytes > 3 * text.length && `${bytes} bytes`,
      restored(shown) !== text && 'another text',
    ].filter(Boolean)
    if (faults.length > 0) throw new Error(`${faults.join(', ')}: ${text}`)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }))
})
