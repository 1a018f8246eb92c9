import t from 'tap'
import type { Destination, Settings } from '../../src/notify/destination.js'
import type { Message } from '../../src/notify/notifier.js'
import { waitingNotifier } from '../../src/notify/waiting-notifier.js'
import { sampleAlert } from '../fixtures/alerts.js'

const never = new AbortController().signal
const message: Message = { kind: 'alerts', alerts: [sampleAlert()] }
const world = { env: {}, now: () => 0 }

t.test('it suspends until the settings are there, and then sends', async t => {
  const done: unknown[] = []
  const destination: Destination = {
    keys: {},
    channel: { intervalMs: 7, digestOver: 3, wantsEntry: true, split: () => [[]] },
    create(name, settings) {
      done.push([name, settings])
      return {
        name,
        ...destination.channel,
        send: async () => ({ outcome: 'delivered', reason: settings['url']! }),
        close: async () => void done.push('closed'),
      }
    },
  }
  let found: Settings | string = 'url is empty'
  const notifier = waitingNotifier('slack-a', destination, () => found, world)
  t.match(notifier, { name: 'slack-a', ...destination.channel }, 'it is as it will be')
  const suspended = { outcome: 'suspended', reason: 'url is empty' }
  t.strictSame(await notifier.send(message, never), suspended)
  t.strictSame(await notifier.send(message, never), suspended)
  await notifier.close()
  t.strictSame(done, [])
  found = { url: 'here' }
  const delivered = { outcome: 'delivered', reason: 'here' }
  t.strictSame(await notifier.send(message, never), delivered)
  found = 'url is empty'
  t.strictSame(await notifier.send(message, never), delivered, 'once is enough')
  await notifier.close()
  t.strictSame(done, [['slack-a', { url: 'here' }], 'closed'])
})
