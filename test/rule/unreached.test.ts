import t from 'tap'
import { unreached } from '../../src/rule/unreached.js'
import { auditEntry, compiled } from '../fixtures/rules.js'

const rule = compiled({
  when: { any: [{ 'request.path': 'a' }, { 'request.path': 'b', type: 'request' }] },
  unless: { 'auth.display_name': 'alice' },
})
const entries = (...found: object[]) => unreached(rule, found.map(auditEntry))

t.test(
  'matchers that no entry, or each one, satisfies are told with their place',
  async t => {
    t.strictSame(entries({ request: { path: 'a' }, type: 'request' }), [
      '/when/any/0/request.path always holds',
      '/when/any/1/request.path never holds',
      '/when/any/1/type always holds',
      '/unless/auth.display_name never holds',
    ])
    t.strictSame(
      entries(
        { request: { path: 'a' } },
        { request: { path: 'b' }, type: 'request', auth: { display_name: 'alice' } },
      ),
      [],
    )
  },
)

t.test('the steps of a sequence count, too', async t => {
  const sequence = {
    within: '1m',
    steps: [{ when: { type: 'request' } }, { not: { type: 'response' } }],
  }
  t.strictSame(unreached(compiled({ sequence }), [auditEntry({ type: 'request' })]), [
    '/when/line always holds',
    '/sequence/steps/0/when/type always holds',
    '/sequence/steps/1/not/type never holds',
  ])
})
