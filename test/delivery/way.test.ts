import t from 'tap'
import { wayTo } from '../../src/delivery/way.js'
import { parseConfig } from '../../src/config/config.js'

const url = 'https://hooks.slack.com/services/T000/B000/secretpart'

function settingsOf(keys: string): string {
  const { config } = parseConfig('x.ini', `[slack]\n${keys}\n`, {})
  return wayTo(config.destinations[0]!, { env: {}, now: () => 0 }).settings
}

t.test(
  'a way is another one by what reaches the server, and by nothing else',
  async t => {
    const one = settingsOf(`url = ${url}`)
    t.match(one, /^[0-9a-f]{16}$/)
    t.equal(settingsOf(`min_severity = high\nurl = ${url}\nrules = a\ntags = b`), one)
    t.not(settingsOf(`url = ${url}2`), one)
    t.not(settingsOf(`url = ${url}\nproxy = http://proxy.internal:3128`), one)
  },
)
