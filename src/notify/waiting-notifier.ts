import type { Destination, Settings, World } from './destination.js'
import type { Notifier } from './notifier.js'

/**
 * The notifier of a section with a value that can't be had yet: it suspends, and so leaves the alerts
 * in the outbox, until `read` gives the settings in place of a sentence on what is missing. From
 * then on it is the notifier of these.
 */
export function waitingNotifier(
  name: string,
  destination: Destination,
  read: () => Settings | string,
  world: World,
): Notifier {
  let notifier: Notifier | undefined
  return {
    name,
    ...destination.channel,
    async send(message, signal) {
      if (notifier === undefined) {
        const settings = read()
        if (typeof settings === 'string')
          return { outcome: 'suspended', reason: settings }
        notifier = destination.create(name, settings, world)
      }
      return notifier.send(message, signal)
    },
    async close() {
      await notifier?.close()
    },
  }
}
