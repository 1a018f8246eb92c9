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
        { request: { path: 'c' } },
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

t.test('each value of a matcher counts, also under not', async t => {
  const values = compiled({
    when: {
      'request.operation': ['read', 'list'],
      'request.path': {
        startsWith: ['a/', 'b/'],
        contains: 'x',
        not: { endsWith: ['/y', '/z'] },
      },
      'auth.display_name': { not: { in: '@names' } },
    },
  })
  const seen = (operation: string, path: string, name = 'eve') =>
    auditEntry({ request: { operation, path }, auth: { display_name: name } })
  const some = [seen('read', 'a/x'), seen('update', 'a/x/y', 'bob')]
  t.strictSame(unreached(values, some), [
    '/when/request.operation/1 never holds',
    '/when/request.path/startsWith/1 never holds',
    '/when/request.path/not/endsWith/1 never holds',
  ])
  const all = [...some, seen('list', 'b/x'), seen('list', 'a/x/z')]
  t.strictSame(unreached(values, all), [])
})

t.test(
  'a combination counts where each of its parts is reached, but never all',
  async t => {
    const both = { 'request.path': 'b', type: 'request' }
    const found = unreached(
      compiled({ when: { any: [{ 'request.path': 'a' }, both] } }),
      [
        auditEntry({ request: { path: 'a' }, type: 'request' }),
        auditEntry({ request: { path: 'b' }, type: 'response' }),
      ],
    )
    t.strictSame(found, ['/when/any/1 never holds'])
    const anything = compiled({ absence: { within: '5m' } })
    t.strictSame(unreached({ ...anything, ...compiled({ when: {} }) }, []), [])
  },
)
