import t from 'tap'
import { errorWord, jsonMember, judge, quote } from '../../src/notify/http-answer.js'
import type { HttpAnswer } from '../../src/notify/http.js'

// What most channels need is proved with Slack's answers, in slack.test.ts.

const url =
  'https://user1:passw0rd@hooks.example/hook/AB12/AB12CD34?sig=Q9-zz%2Fzz&v=1&key=k3yk3y'
const verdicts = {
  isDelivered: ({ status }: HttpAnswer) => status === 202,
  suspending: new Set([404, 503]),
  word: ({ body }: HttpAnswer) => body,
}
const answered = (status: number, body = '', headers = {}) =>
  judge({ status, body, headers }, url, 0, verdicts)

t.test('what the channel says goes before what is usual', async t => {
  t.strictSame(answered(202), { outcome: 'delivered', reason: 'answered 202' })
  t.strictSame(answered(202, 'queued'), {
    outcome: 'delivered',
    reason: 'answered 202 queued',
  })
  t.match(answered(200, 'hello'), { outcome: 'retry', reason: 'answered 200 hello' })
  t.strictSame(answered(503), { outcome: 'suspended', reason: 'answered 503' })
  t.match(answered(404, 'gone', { 'retry-after': '9' }), { outcome: 'suspended' })
  t.match(answered(307), { outcome: 'suspended', reason: 'answered 307, a redirect' })
})

t.test('what the channel knows to pass is tried again, when it says', async t => {
  const passing = { ...verdicts, retrying: ({ body }: HttpAnswer) => body === 'busy' }
  const headers = { 'retry-after': '9' }
  const busy = (status: number, body = 'busy') =>
    judge({ status, body, headers }, url, 0, passing)
  for (const status of [400, 404]) {
    t.match(busy(status), { outcome: 'retry', retryAfterMs: 9_000 })
  }
  t.match(busy(400, 'no'), { outcome: 'refused' })
  t.match(busy(404, 'no'), { outcome: 'suspended' })
  t.match(busy(202), { outcome: 'delivered' })
  t.match(busy(302), { outcome: 'suspended' })
})

t.test('a time to wait is taken from the header before the body', async t => {
  const body = '{"retry_after":7}'
  t.match(answered(429, body, { 'retry-after': '2' }), { retryAfterMs: 2_000 })
  t.match(answered(429, body), { retryAfterMs: 7_000 })
  t.match(answered(429, body, { 'retry-after': ['1', '2'] }), { retryAfterMs: 7_000 })
  t.match(answered(429, body, { 'retry-after': '1.5' }), { retryAfterMs: 7_000 })
  const date = 'Thu, 01 Jan 1970 00:01:00 GMT'
  t.match(answered(500, body, { 'retry-after': date }), { retryAfterMs: 60_000 })
  t.notOk('retryAfterMs' in answered(429, '{"retry_after":"7"}'))
})

t.test('a time to wait may be long, but leads to a date', async t => {
  const year = String(366 * 86_400)
  t.match(answered(429, '', { 'retry-after': year }), { retryAfterMs: 31_622_400_000 })
  const last = 'Sat, 13 Sep 275760 00:00:00 GMT'
  t.notOk('retryAfterMs' in answered(429, '', { 'retry-after': last }))
  for (const digits of ['9'.repeat(400), '9'.repeat(13)]) {
    const inHeader = answered(429, '', { 'retry-after': digits })
    t.strictSame(inHeader, { outcome: 'retry', reason: 'answered 429' }, digits)
    t.notOk('retryAfterMs' in answered(429, `{"retry_after":${digits}}`), digits)
  }
})

t.test('a quote shows nothing of the URL but its host', async t => {
  const secrets = [
    'user1',
    'passw0rd',
    'hook',
    'AB12',
    'AB12CD34',
    'Q9-zz/zz',
    'Q9-zz%2Fzz',
    'k3yk3y',
  ]
  for (const secret of secrets) {
    const said = quote(`The page (${secret}) of hooks.example:${secret}!`, url)
    t.match(said, /^The page .* of /)
    t.notMatch(said, secret)
    t.notMatch(said, /CD34|zz/, 'nor a part of it')
  }
  t.equal(quote('v 1 is old', url), 'v 1 is old')
  t.equal(quote('no SECRET here', 'SECRET'), 'no … here', 'nor one that is not valid')
  t.equal(quote('as it is', ''), 'as it is')
})

t.test('a quote is one short line of ASCII', async t => {
  t.equal(quote('a\r\n\tb\u202e\u0000c é', url), 'a b c')
  t.equal(quote('x y '.repeat(100), url), `${'x y '.repeat(25)}…`)
  t.equal(
    quote(`key ${'k'.repeat(20)} or ${'k'.repeat(19)}`, url),
    `key … or ${'k'.repeat(19)}`,
  )
})

t.test('an error word is one word in lower case, as codes are', async t => {
  for (const word of ['no_service', 'e1', 'a'.repeat(64)]) t.equal(errorWord(word), word)
  t.equal(errorWord(' rate_limited\n'), 'rate_limited')
  const others = [
    '',
    'Not found',
    '1a',
    '_a',
    'a-b',
    'a/b',
    'a'.repeat(65),
    5,
    null,
    undefined,
  ]
  for (const text of others) t.equal(errorWord(text), '', String(text))
})

t.test('a member of JSON is its own, and of an object', async t => {
  t.equal(jsonMember('{"error":"x"}', 'error'), 'x')
  for (const body of ['', '{', 'null', '"error"', '5', '[]', '{"a":1}']) {
    t.equal(jsonMember(body, 'error'), undefined, body)
  }
  t.equal(jsonMember('{}', 'constructor'), undefined)
  t.equal(jsonMember('{}', '__proto__'), undefined)
})
